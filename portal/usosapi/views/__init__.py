"""What the USOS API answers: methods and tokens to apps, pages to students."""

from portal.usosapi.views import apps as apps
from portal.usosapi.views import consent as consent
from portal.usosapi.views import oauth as oauth
from portal.usosapi.views import services as services
from portal.usosapi.views.frame import machine as machine
from portal.usosapi.views.frame import pages as pages
