"""What granian serves: the portal and the yardsticks in one process, which share all but the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.yardsticks import BARE_FLASK, BARE_WSGI, flask_app, wsgi_answer
from wsgi import app as portal


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == BARE_WSGI:
        return wsgi_answer(start_response)
    if path == BARE_FLASK:
        return flask_app(environ, start_response)
    return portal(environ, start_response)
