"""What the portal is compared with: the least that Flask, and the least that the server can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Flask

BARE_WSGI = "/bare-wsgi"
BARE_FLASK = "/bare-flask"
BODY = b"x" * 1_500

flask_app = Flask("bare")


@flask_app.get(BARE_FLASK)
def view() -> bytes:
    return BODY


def wsgi_answer(start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]
