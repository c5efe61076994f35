"""A request's body has a limit, however it is sent (CWE-400).

Flask looks at ``Content-Length`` alone, and under granian it cuts a longer chunked body short and goes on as
if nothing had happened; so a chunked body is counted here before Flask sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from portal.web.admission import refuse
from portal.web.wsgi import Environ, StartResponse, Wsgi

MAX_BODY = 256 * 1024
"""Bytes; the longest thing anybody sends is a credential request of a few kilobytes."""
_CHUNK = 16 * 1024


class BodyLimit:
    """413 for more than `MAX_BODY` bytes; never more than that in memory."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        if environ.get("HTTP_TRANSFER_ENCODING"):
            _count(environ)
        elif length:
            if not (length.isascii() and length.isdigit()):
                refuse(environ, 400)
            elif len(length) > 20 or int(length) > MAX_BODY:
                refuse(environ, 413)
        return self._app(environ, start_response)


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
