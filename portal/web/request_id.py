"""Every request gets a random id of its own: in the answer, on error pages, in the log.

A trusted proxy may give it (`ClientAddress`), so that its log and ours name the same request.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable

from flask import request

from portal.web.wsgi import Environ, StartResponse, Wsgi

KEY = "portal.request_id"
STARTED = "portal.started"

_log = logging.getLogger(__name__)


class RequestId:
    """Gives the id, and is the last resort: what fails outside Flask is logged by our rules."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ[KEY] = secrets.token_hex(8)
        environ[STARTED] = time.perf_counter()
        try:
            return self._app(environ, start_response)
        except Exception:
            request_id = environ[KEY]
            _log.exception("request %s failed outside the application", request_id)
            body = f"500\n{request_id}\n".encode()
            start_response(
                "500 Internal Server Error",
                [
                    ("Content-Type", "text/plain; charset=utf-8"),
                    ("Content-Length", str(len(body))),
                    ("Cache-Control", "no-store"),
                    ("X-Content-Type-Options", "nosniff"),
                ],
            )
            return [body]


def current_id() -> str:
    """The id of the request that is being answered."""
    return str(request.environ[KEY])
