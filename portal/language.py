"""Polish first, English second: which language a page is in, and how it writes dates.

A choice made on a page stands in the cookie of the session; else the account counts, else the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from flask import Flask, Response, has_request_context, request, session
from flask_babel import format_date, format_datetime, get_locale
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal.extensions import babel
from portal.settings import settings

LANGUAGES = ("pl", "en")
DATE = "d MMMM y"
DATE_AND_TIME = "d MMMM y, HH:mm"
_KEY = "language"

F = TypeVar("F", bound=Callable[..., object])


def init_app(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = "pl"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Europe/Warsaw"
    babel.init_app(app, locale_selector=_select)
    for length in ("medium", "long"):
        babel.date_formats[f"date.{length}"] = DATE
        babel.date_formats[f"datetime.{length}"] = DATE_AND_TIME
    babel.date_formats.update({"time": "short", "time.short": "HH:mm"})
    app.jinja_env.globals.update(get_locale=get_locale, university=university)
    app.jinja_env.filters.update(format_date=format_date, format_datetime=format_datetime)
    app.after_request(_declare)


def current() -> str:
    """The language of the answer being made: ``pl`` or ``en``."""
    return "en" if str(get_locale()) == "en" else "pl"


def university() -> str:
    """The university's full name in the page's language."""
    return settings().university_en if current() == "en" else settings().university_pl


def language_option(command: F) -> F:
    """A command's `--language pl|en`, Polish by default."""
    return click.option(
        "--language",
        type=click.Choice(LANGUAGES),
        default=LANGUAGES[0],
        show_default=True,
        help="Language of the messages.",
    )(command)


def choose(language: str) -> None:
    """Keep the visitor's choice in the session's cookie. Raises `ValueError` for a language we don't have."""
    if language not in LANGUAGES:
        raise ValueError(language)
    session[_KEY] = language


def _select() -> str:
    if not has_request_context():
        return "pl"
    return _chosen() or request.accept_languages.best_match(LANGUAGES) or "pl"


def _chosen() -> str | None:
    """The cookie's language, or the account's: an anonymous visitor costs no query."""
    language = session.get(_KEY)
    if language is None:
        try:
            language = current_user.account.language if current_user.is_authenticated else None
        except SQLAlchemyError:  # the page that says so must not need the database
            return None
    return language if language in LANGUAGES else None


def _declare(response: Response) -> Response:
    if response.mimetype == "text/html" and response.status_code != 204 and not response.location:
        response.headers.setdefault("Content-Language", current())
        response.vary.update(["Cookie", "Accept-Language"])
    return response
