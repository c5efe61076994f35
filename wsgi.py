"""Entry point of the server: ``granian --interface wsgi wsgi:app``. Starts the threads."""

import logging
from typing import cast

from portal import create_app
from portal.cores import OneCore
from portal.orders import mail_thread, thread
from portal.web.wsgi import Wsgi

logging.captureWarnings(True)
app = create_app()
app.wsgi_app = OneCore(cast(Wsgi, app.wsgi_app))  # type: ignore[method-assign]
thread.start(app)
mail_thread.start(app)
