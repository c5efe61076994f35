"""The access log: one line an answer, by the rule of the URL: paths hold tokens, queries hold anything.

What is asked again and again and tells nobody anything is left out: polls that found nothing new, files that
were kept, monitors to whom all is well.
"""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, request

from portal.logs import FIELDS
from portal.web.hosts import LOCAL_PATHS
from portal.web.request_id import STARTED

_log = logging.getLogger("portal.access")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def init_app(app: Flask) -> None:
    app.after_request(_record)


def _record(response: Response) -> Response:
    if request.method in ("GET", "HEAD") and _is_nothing_new(response):
        return response
    method = request.method if request.method in _METHODS else "?"
    rule = request.url_rule.rule if request.url_rule else "-"
    spent = (time.perf_counter() - request.environ[STARTED]) * 1000
    fields = {
        "method": method,
        "endpoint": request.endpoint or "-",
        "status": response.status_code,
        "ms": round(spent, 1),
    }
    said = (method, rule, response.status_code, spent)
    _log.info("%s %s %d %.1f ms", *said, extra={FIELDS: fields})
    return response


def _is_nothing_new(response: Response) -> bool:
    if response.status_code == 200:
        return request.path.startswith(LOCAL_PATHS)
    return response.status_code in (204, 304)
