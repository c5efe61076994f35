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
_CHECKS = "portal.web.early"
_HEADERS = (("Cache-Control", "no-store"), ("Vary", "HX-Request, Cookie"))


class EarlyAnswers:
    """Answers 204 to a GET of a registered path whose check says that nothing is new."""

    def __init__(self, app: Wsgi, flask: Flask) -> None:
        self._app = app
        self._checks: dict[str, Check] = flask.extensions.setdefault(_CHECKS, {})

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        check = self._checks.get(environ.get("PATH_INFO", ""))
        if (
            check is not None
            and environ["REQUEST_METHOD"] == "GET"
            and REFUSED not in environ
            and check(environ)
        ):
            start_response("204 No Content", list(_HEADERS))
            return ()
        return self._app(environ, start_response)


def register(app: Flask, path: str, check: Check) -> None:
    """Ask `check` at each GET of `path`, outside of any context of Flask's. It must not raise."""
    cast("dict[str, Check]", app.extensions[_CHECKS])[path] = check
