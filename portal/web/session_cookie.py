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
    """For one application, whose configuration doesn't change once it serves."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._serializer: URLSafeTimedSerializer | None = None
        self._name = ""
        self._max_age = 0

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None:
            self._name = self.get_cookie_name(app)
            self._max_age = int(app.permanent_session_lifetime.total_seconds())
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def read(self, environ: Environ) -> Mapping[str, Any]:
        """What the cookie of this request says, before Flask has opened it; nothing where it was altered."""
        serializer = self.get_signing_serializer(self._app)
        sent = parse_cookie(environ.get("HTTP_COOKIE")).get(self._name)
        if not sent or serializer is None:
            return {}
        try:
            content = serializer.loads(sent, max_age=self._max_age)
        except BadSignature:
            return {}
        return content if isinstance(content, dict) else {}
