"""How long each request takes and how it ends, for ``/metrics``: outermost, so that nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from flask import Flask, request

from portal import metrics
from portal.web.early import ENDPOINT, endpoints
from portal.web.wsgi import Environ, StartResponse, Wsgi


class Measured:
    """Tells the metrics of each answer. The time ends when the answer's body begins."""

    def __init__(self, app: Wsgi, flask: Flask) -> None:
        self._app = app
        self._metrics = metrics.of(flask)
        self._polled = endpoints(flask)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answered = "500"

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> object:
            nonlocal answered
            answered = status
            return start_response(status, headers, exc_info)

        began = time.perf_counter()
        try:
            return self._app(environ, start)
        finally:
            endpoint = environ.get(ENDPOINT) or "-"
            self._metrics.request(endpoint, answered, time.perf_counter() - began)
            if environ.get("PATH_INFO") in self._polled:
                self._metrics.poll(answered)


def init_app(app: Flask) -> None:
    app.before_request_funcs.setdefault(None, []).insert(0, _name)


def _name() -> None:
    request.environ[ENDPOINT] = request.endpoint
