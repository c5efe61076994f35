"""What makes pages an app that can be installed (W3C Web Application Manifest)."""

from __future__ import annotations

import json

from flask import Response

from portal.assets import asset_url

_ICONS = (("192", "192x192", "any"), ("512", "512x512", "any"), ("maskable-512", "512x512", "maskable"))


def answer(icons: str, **members: str) -> Response:
    """The manifest of an app in Polish; its icons are ``static/<icons>-192.png`` and so on.

    The same for everybody: an installed app keeps its name whatever its pages' language.
    """
    content = {
        "lang": "pl",
        "display": "standalone",
        **members,
        "icons": [
            {"src": asset_url(f"{icons}-{name}.png"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in _ICONS
        ],
    }
    return Response(json.dumps(content, ensure_ascii=False), content_type="application/manifest+json")
