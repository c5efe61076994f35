"""Error answers: a page in the visitor's language with the request's id, and nothing of the inside.

Machine endpoints get JSON; htmx gets the status alone, so that nothing is swapped into the page. A page whose
own making fails (a broken template, an unreachable database) falls back to a bare one.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, jsonify, render_template, request
from flask_babel import get_locale
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from portal.database import db
from portal.reasons import why
from portal.unavailable import is_unavailable
from portal.web.error_texts import EXPIRED_FORM, ErrorText, bare_page, text_for
from portal.web.request_id import current_id

MACHINE_PATHS = (
    "/.well-known/",
    "/healthz",
    "/metrics",
    "/oid4vci/",
    "/oid4vp/",
    "/services/",
    "/status-lists/",
    "/vct/",
)
PAGES_AMONG_THEM = ("/services/oauth/authorize",)
"""Pages for people all the same."""
RETRY_AFTER = 30
"""Seconds, when the database can't be reached or written."""

_log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(Exception, unexpected)
    # Flask's own line would hold the path, and paths hold tokens.
    app.log_exception = lambda exc_info: _log_failure(exc_info[1])  # type: ignore[method-assign]


def unexpected(error: Exception) -> AnyResponse:
    """What an error that no view foresaw is answered with; written to the log."""
    if is_unavailable(error):
        _log.error("%s is unavailable: %s", request.endpoint or "-", why(error))
        return _answer(ServiceUnavailable(retry_after=RETRY_AFTER))
    _log_failure(error)
    return _answer(InternalServerError())


def _log_failure(error: BaseException | None) -> None:
    _log.error("no answer from %s", request.endpoint or "-", exc_info=error)


def _answer(error: HTTPException) -> AnyResponse:
    if error.response is not None or error.code is None or error.code < 400:
        return Response.force_type(error.get_response(request.environ))
    if request.headers.get("HX-Request") == "true":
        response = Response(mimetype="text/html")
    elif request.path.startswith(MACHINE_PATHS) and not request.path.startswith(PAGES_AMONG_THEM):
        phrase = HTTPStatus(error.code).phrase
        response = jsonify(error=phrase.lower().replace(" ", "_"), message=phrase, request_id=current_id())
    else:
        text = EXPIRED_FORM if isinstance(error, CSRFError) else text_for(error)
        response = Response(_page(error.code, text), mimetype="text/html")
    response.status_code = error.code
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _page(code: int, text: ErrorText) -> str:
    try:
        if code >= 500:
            db.session.rollback()  # what failed may have left its transaction broken
        return render_template(
            "errors/error.html", code=code, title=text.title, message=text.message, request_id=current_id()
        )
    except Exception as error:
        if not is_unavailable(error):  # that has been said, of the request itself
            _log.exception("the error page could not be made")
        return bare_page(text, request_id=current_id(), language=_language())


def _language() -> str:
    try:
        return str(get_locale() or "pl")
    except Exception:
        return "pl"
