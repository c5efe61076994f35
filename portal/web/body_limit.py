"""A request's body has a limit, however it is sent (CWE-400).

Flask looks at ``Content-Length`` alone, and under granian it cuts a longer chunked body short and goes on as
if nothing had happened; so a chunked body is counted here before Flask sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import cast

from flask import Flask

from portal.web.admission import BODY_LIMIT, refuse
from portal.web.wsgi import Environ, StartResponse, Wsgi

MAX_BODY = 256 * 1024
"""Bytes; the longest that a page or a machine sends is a card with its photo."""
_CHUNK = 16 * 1024
_LARGER = "portal.web.larger_bodies"


class BodyLimit:
    """413 for more than `MAX_BODY` bytes; never more than that in memory.

    A path that takes files may have more, if the length is said: Flask then keeps them in a temporary file.
    """

    def __init__(self, app: Wsgi, flask: Flask) -> None:
        self._app = app
        self._larger: dict[str, int] = flask.extensions.setdefault(_LARGER, {})

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        environ[BODY_LIMIT] = most = self._larger.get(environ.get("PATH_INFO", ""), MAX_BODY)
        if environ.get("HTTP_TRANSFER_ENCODING"):
            _count(environ)
        elif length:
            if not (length.isascii() and length.isdigit()):
                refuse(environ, 400)
            elif len(length) > 20 or int(length) > most:
                refuse(environ, 413)
        return self._app(environ, start_response)


def allow(app: Flask, path: str, most: int) -> None:
    """Let this path take `most` bytes."""
    cast("dict[str, int]", app.extensions[_LARGER])[path] = most


def _count(environ: Environ) -> None:
    """Take the chunked body in; what Flask gets has a length."""
    body = bytearray()
    while chunk := environ["wsgi.input"].read(_CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            refuse(environ, 413)
            return
    del environ["HTTP_TRANSFER_ENCODING"]
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)
