"""Flask's signed session cookie, with the signer made once and not for every request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.http import parse_cookie

from portal.web.wsgi import Environ


class SessionCookie(SecureCookieSessionInterface):
    """For one application, whose secret key doesn't change while it runs."""

    def __init__(self) -> None:
        self._serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def read(self, app: Flask, environ: Environ) -> Mapping[str, Any]:
        """What the cookie of this request says, before Flask has opened it; nothing where it was altered."""
        sent = parse_cookie(environ.get("HTTP_COOKIE")).get(self.get_cookie_name(app))
        serializer = self.get_signing_serializer(app)
        if not sent or serializer is None:
            return {}
        try:
            content = serializer.loads(sent, max_age=int(app.permanent_session_lifetime.total_seconds()))
        except BadSignature:
            return {}
        return content if isinstance(content, dict) else {}
