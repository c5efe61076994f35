"""Kieszonka as an app that can be installed."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.settings import STAND_IN_WALLET, settings
from portal.web.manifest import answer

THEME = "#4a1d3f"
PAPER = "#f7f0e7"

blueprint = Blueprint("wallet_app", __name__, url_prefix="/portfel")


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    start = url_for("wallet.start")
    with force_locale("pl"):
        description = _(
            "A stand-in app for the student card of %(university)s.", university=settings().university_pl
        )
    return answer(
        "wallet",
        id=start,
        name=f"{STAND_IN_WALLET} {settings().university_short}",
        short_name=STAND_IN_WALLET,
        description=description,
        start_url=start,
        scope=start,
        theme_color=THEME,
        background_color=PAPER,
    )
