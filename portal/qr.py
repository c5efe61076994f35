"""QR codes, drawn as inline SVG."""

from __future__ import annotations

from functools import lru_cache

import segno
from markupsafe import Markup


@lru_cache(maxsize=1024)
def svg(text: str) -> Markup:
    """`text` as a QR code with its quiet zone: black on white also where the page is dark.

    Drawing takes milliseconds, so the last ones are kept; they are secrets, so in memory only.
    """
    code = segno.make_qr(text, error="m", boost_error=False)
    drawn = code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 — segno's drawing holds no user's text, only its modules
