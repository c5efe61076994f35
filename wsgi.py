"""Entry point of the server: ``granian --interface wsgi wsgi:app``. Starts the issuance thread."""

from portal import create_app
from portal.orders import thread

app = create_app()
thread.start(app)
