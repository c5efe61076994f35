"""What is true of every request and answer, whichever part of the portal they belong to.

A request passes, from the outside in: how long it takes, its id and the last resort, the headers of its
answer, the address it came from, the host it asked for, the size of its body, whether it can be answered at
once; then Flask.
"""

from __future__ import annotations

from typing import cast

from flask import Flask

from portal.settings import Settings
from portal.web import access, admission, errors, measuring
from portal.web.body_limit import MAX_BODY, BodyLimit
from portal.web.client_address import ClientAddress
from portal.web.early import EarlyAnswers
from portal.web.headers import SecurityHeaders
from portal.web.hosts import OwnHost
from portal.web.measuring import Measured
from portal.web.request_id import RequestId
from portal.web.session_cookie import SessionCookie
from portal.web.wsgi import Wsgi


def init_app(app: Flask, settings: Settings) -> None:
    app.debug = False
    app.config.update(
        SECRET_KEY=settings.secret_key,
        PROPAGATE_EXCEPTIONS=False,
        # Absolute URLs come from the base URL alone, inside a request and outside of one.
        SERVER_NAME=settings.host,
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=100,
        # A form lives as long as the session that its token is bound to.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.session_interface = SessionCookie(app)
    admission.init_app(app)
    measuring.init_app(app)
    access.init_app(app)
    errors.init_app(app)

    wsgi: Wsgi = cast(Wsgi, app.wsgi_app)
    wsgi = EarlyAnswers(wsgi, app)
    wsgi = BodyLimit(wsgi, app)
    wsgi = OwnHost(wsgi, settings)
    wsgi = ClientAddress(wsgi, settings.trusted_proxies)
    wsgi = SecurityHeaders(wsgi, https=settings.https)
    wsgi = RequestId(wsgi)
    app.wsgi_app = Measured(wsgi, app)  # type: ignore[method-assign]
