"""What makes the portal an app that can be installed, and what a browser keeps of it without a network.

A manifest (W3C Web Application Manifest), a service worker (W3C Service Workers) that keeps the portal's own
files, and the plain page that it shows where a page can't be fetched. None of them holds anything personal.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, make_response, render_template, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup

from portal.assets import asset_url
from portal.language import LANGUAGES
from portal.settings import settings
from portal.web.manifest import answer

NAVY = "#14304f"
PAPER = "#f5f3ee"
KEPT_FILES = ("app.css", "app.js", "favicon.svg", "htmx.min.js", "order.js", "session.js")
"""What the portal's pages load; the worker keeps nothing that does not stand here, and no page."""

blueprint = Blueprint("installing", __name__)


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    with force_locale("pl"):
        description = _("Order, collect, extend and revoke the student card for your phone.")
    return answer(
        "app",
        id=url_for("pages.start"),
        name=f"mLegitymacja – {settings().university_pl}",
        short_name=f"mLegitymacja {settings().university_short}",
        description=description,
        start_url=url_for("students.index"),
        scope=url_for("pages.start"),
        theme_color=NAVY,
        background_color=PAPER,
    )


@blueprint.get("/sw.js")
def worker() -> Response:
    """The service worker. Its text names a version, so that browsers notice when a kept file has changed."""
    files = [asset_url(name) for name in KEPT_FILES]
    version = hashlib.sha256("".join([*files, _offline_page()]).encode()).hexdigest()[:16]
    script = render_template("pages/sw.js", version=version, files=files, offline=url_for(".offline"))
    response = Response(script, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/offline")
def offline() -> Response:
    """In both languages at once, since it is kept before anybody knows who will need it."""
    response = make_response(_offline_page())
    response.headers["Content-Language"] = LANGUAGES[0]
    return response


def _offline_page() -> str:
    with force_locale(LANGUAGES[0]):
        return render_template("pages/offline.html", texts=[(name, _text(name)) for name in LANGUAGES])


def _text(language: str) -> Markup:
    with force_locale(language):
        text = render_template("pages/_offline_text.html", first=language == LANGUAGES[0])
    return Markup(text)  # noqa: S704 — a template of ours, which escapes
