"""Flask's signed session cookie, with the signer made once and each cookie's signature checked once.

A page that polls sends the same cookie again and again: checking it costs more than the query after it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.http import parse_cookie

from portal.web.wsgi import Environ

REMEMBERED = 20_000
"""Cookies whose signature was found good, about 300 bytes each."""


class SessionCookie(SecureCookieSessionInterface):
    """For one application, whose configuration doesn't change once it serves."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._serializer: URLSafeTimedSerializer | None = None
        self._name = ""
        self._max_age = 0
        # Only what was signed by us is remembered: a failed check raises.
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None:
            self._name = self.get_cookie_name(app)
            self._max_age = int(app.permanent_session_lifetime.total_seconds())
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def read(self, environ: Environ) -> Mapping[str, Any]:
        """What the cookie of this request says, before Flask has opened it; nothing where it was altered."""
        if not self._name:
            self.get_signing_serializer(self._app)
        sent = parse_cookie(environ.get("HTTP_COOKIE")).get(self._name)
        if not sent:
            return {}
        try:
            content, signed_at = self._verified(sent)
        except BadSignature:
            return {}
        return content if time.time() - signed_at <= self._max_age else {}

    def _verify(self, sent: str) -> tuple[Mapping[str, Any], float]:
        """What the cookie says, and when it was signed. Raises `BadSignature`."""
        serializer = self.get_signing_serializer(self._app)
        if serializer is None:
            raise BadSignature("there is no secret key")
        content, signed_at = serializer.loads(sent, return_timestamp=True)
        return MappingProxyType(content if isinstance(content, dict) else {}), signed_at.timestamp()
