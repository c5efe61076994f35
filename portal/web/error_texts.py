"""What error pages say: what happened, and what the visitor can do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import escape
from werkzeug.exceptions import HTTPException


@dataclass(frozen=True)
class ErrorText:
    title: LazyString
    message: LazyString


EXPIRED_FORM = ErrorText(
    _l("The form has expired"),
    _l(
        "For your safety a form can be sent only from the page that it was opened on, and only for as "
        "long as your session lasts. Nothing was saved. Go back, reload the page and send the form again."
    ),
)
_TEXTS = {
    400: ErrorText(
        _l("This request could not be read"),
        _l("Something in the address or in the form is damaged. Nothing was saved. Go back and try again."),
    ),
    401: ErrorText(_l("Please log in"), _l("This page is shown only to those who are logged in.")),
    403: ErrorText(
        _l("You have no access to this page"),
        _l("Your account may not open it. If you think that it should, ask the dean's office."),
    ),
    404: ErrorText(
        _l("There is no such page"),
        _l("Check the address, or start from the home page. What stood here may have ended or moved."),
    ),
    405: ErrorText(
        _l("This address can't be opened like that"),
        _l("Use the buttons on the portal's pages instead. Nothing was changed."),
    ),
    413: ErrorText(
        _l("That is too much data"),
        _l("What you sent is larger than the portal accepts. Nothing was saved."),
    ),
    429: ErrorText(
        _l("Too many attempts"),
        _l("There were too many of them in a short time. Wait a moment and try again."),
    ),
    500: ErrorText(
        _l("Something went wrong on our side"),
        _l(
            "It is not your fault. Try again in a moment. If it happens again, tell the dean's office "
            "the number of this error."
        ),
    ),
    503: ErrorText(
        _l("The portal is temporarily unavailable"),
        _l("Nothing that you have saved before is lost. Try again in a minute."),
    ),
}


def text_for(error: HTTPException) -> ErrorText:
    """The text of this status; a view's own sentence (a lazy translation, as description) replaces ours."""
    code = error.code or 500
    text = _TEXTS.get(code) or _TEXTS[400 if code < 500 else 500]
    if isinstance(error.description, LazyString):
        return replace(text, message=error.description)
    return text


def bare_page(text: ErrorText, *, request_id: str, language: str) -> str:
    """A page that needs no template, no database and, at worst, no translations."""
    try:
        title, message = str(text.title), str(text.message)
    except Exception:
        language = "pl"
        title = "Coś poszło nie tak"
        message = "Spróbuj ponownie za chwilę. (Something went wrong. Try again in a moment.)"
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body><main><h1>{escape(title)}</h1>"
        f"<p>{escape(message)}</p><p><code>{escape(request_id)}</code></p></main></body></html>"
    )
