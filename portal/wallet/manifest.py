"""What makes the pages an app that can be installed (W3C Web Application Manifest)."""

from __future__ import annotations

import json

from flask import Blueprint, Response, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.assets import asset_url
from portal.settings import STAND_IN_WALLET, settings

THEME = "#4a1d3f"
PAPER = "#f7f0e7"
_ICONS = (
    ("wallet-192.png", "192x192", "any"),
    ("wallet-512.png", "512x512", "any"),
    ("wallet-maskable-512.png", "512x512", "maskable"),
)

blueprint = Blueprint("wallet_app", __name__, url_prefix="/portfel")


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """The same for everybody, in Polish: an installed app keeps its name whatever its pages' language."""
    start = url_for("wallet.start")
    with force_locale("pl"):
        description = _(
            "A stand-in app for the student card of %(university)s.", university=settings().university_pl
        )
    content = {
        "id": start,
        "name": f"{STAND_IN_WALLET} {settings().university_short}",
        "short_name": STAND_IN_WALLET,
        "description": description,
        "lang": "pl",
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "theme_color": THEME,
        "background_color": PAPER,
        "icons": [
            {"src": asset_url(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in _ICONS
        ],
    }
    return Response(json.dumps(content, ensure_ascii=False), content_type="application/manifest+json")
