"""The access log: one line an answer, by the rule of the URL: paths hold tokens, queries hold anything."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, request

from portal.web.request_id import STARTED

_log = logging.getLogger("portal.access")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def init_app(app: Flask) -> None:
    app.after_request(_record)


def _record(response: Response) -> Response:
    # A poll that found nothing new is most of the traffic and tells nobody anything.
    if response.status_code in (204, 304) and request.method in ("GET", "HEAD"):
        return response
    method = request.method if request.method in _METHODS else "?"
    rule = request.url_rule.rule if request.url_rule else "-"
    spent = (time.perf_counter() - request.environ[STARTED]) * 1000
    _log.info("%s %s %d %.1f ms", method, rule, response.status_code, spent)
    return response
