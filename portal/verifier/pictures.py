"""The photo of a card: a stranger's data, so decoded and encoded anew before anybody sees it."""

from __future__ import annotations

import base64
import binascii

from portal.registry import photos

STARTS = ("data:image/jpeg;base64,", "data:image/png;base64,")


def from_claim(picture: object) -> bytes | None:
    """The `picture` claim as a small JPEG of our own making; None where it is no photo that we show."""
    if not isinstance(picture, str) or not picture.startswith(STARTS):
        return None
    try:
        raw = base64.b64decode(picture.partition(",")[2], validate=True)
        return photos.portrait(raw).jpeg
    except (binascii.Error, photos.PhotoRefused):
        return None
