"""The first thing Flask does with a request: turn away what was refused on the way in, or can't be read."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, request

from portal.web.wsgi import Environ

REFUSED = "portal.refused"
BODY_LIMIT = "portal.body_limit"
"""In the environ: how many bytes this request's body may have."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def refuse(environ: Environ, status: int) -> None:
    """Let Flask answer with this status and do nothing else; the body is not read."""
    environ.setdefault(REFUSED, status)
    environ["CONTENT_LENGTH"] = "0"
    environ["wsgi.input"] = BytesIO()
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def init_app(app: Flask) -> None:
    # First of all: a body that is too large must not be told that its form has expired.
    app.before_request_funcs.setdefault(None, []).insert(0, _admit)


def _admit() -> None:
    environ = request.environ
    if REFUSED in environ:
        abort(environ[REFUSED])
    # Before anything reads the form: a path that takes files has a limit of its own.
    request.max_content_length = environ[BODY_LIMIT]
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    if not (_is_text(path) and _is_text(query)):
        abort(400)
    if "%" in query and not _is_text(unquote_to_bytes(query).decode("latin-1")):
        abort(400)
    if "CONTENT_TYPE" in environ and request.mimetype in _FORMS and not all(map(_is_readable, _form_texts())):
        abort(400)


def _is_text(raw: str) -> bool:
    """Whether these bytes (one a character, as WSGI has them) are UTF-8 without NUL.

    PostgreSQL stores no NUL, and Werkzeug would silently replace what is not UTF-8.
    """
    if "\0" in raw:
        return False
    if raw.isascii():
        return True
    try:
        raw.encode("latin-1").decode()
    except UnicodeDecodeError:
        return False
    return True


def _form_texts() -> list[str]:
    return [text for name, value in request.form.items(multi=True) for text in (name, value)]


def _is_readable(text: str) -> bool:
    # U+FFFD is what Werkzeug makes of a part that is not UTF-8; nobody types it.
    return "\0" not in text and "\ufffd" not in text
