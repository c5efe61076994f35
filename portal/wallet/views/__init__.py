"""The wallet's pages, by what a holder does there; each module adds its own to the blueprint."""

from portal.wallet.views import adding as adding
from portal.wallet.views import documents as documents
from portal.wallet.views import entrance as entrance
from portal.wallet.views import scanning as scanning
from portal.wallet.views import showing as showing
from portal.wallet.views.frame import blueprint as blueprint
