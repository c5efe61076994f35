"""Questions that are asked so often that „nothing new” is answered before Flask makes a request of them.

Such an answer costs a third of one that goes through Flask. Whatever else is to be said, the view says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from flask import Flask

from portal.web.admission import REFUSED
from portal.web.wsgi import Environ, StartResponse, Wsgi

Check = Callable[[Environ], bool]
ENDPOINT = "portal.endpoint"
"""In the environ: the name of the endpoint that was asked for, where there is one."""
_CHECKS = "portal.web.early"
_ENDPOINTS = "portal.web.early_endpoints"
_HEADERS = (("Cache-Control", "no-store"), ("Vary", "HX-Request, Cookie"))


class EarlyAnswers:
    """Answers 204 to a GET of a registered path whose check says that nothing is new."""

    def __init__(self, app: Wsgi, flask: Flask) -> None:
        self._app = app
        self._checks: dict[str, Check] = flask.extensions.setdefault(_CHECKS, {})
        self._names = endpoints(flask)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        check = self._checks.get(environ.get("PATH_INFO", ""))
        if (
            check is not None
            and environ["REQUEST_METHOD"] == "GET"
            and REFUSED not in environ
            and check(environ)
        ):
            environ[ENDPOINT] = self._names[environ["PATH_INFO"]]
            start_response("204 No Content", list(_HEADERS))
            return ()
        return self._app(environ, start_response)


def register(app: Flask, path: str, check: Check) -> None:
    """Ask `check` at each GET of `path`, outside of any context of Flask's. It must not raise."""
    endpoints(app)[path], _values = app.url_map.bind("").match(path, method="GET")
    cast("dict[str, Check]", app.extensions[_CHECKS])[path] = check


def endpoints(app: Flask) -> dict[str, str]:
    """By path, the name of each endpoint that is answered so."""
    return cast("dict[str, str]", app.extensions.setdefault(_ENDPOINTS, {}))
