"""What a card will say, as it waits encrypted for its wallet."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any

from portal.clock import WARSAW
from portal.encryption import keyring
from portal.issuer.interface import CardData

_DATES = ("birth_date", "issued_on", "valid_until")
JPEG_START = b"\xff\xd8\xff"


def seal(data: CardData) -> bytes:
    """JSON, the photo in base64, encrypted."""
    fields: dict[str, Any] = asdict(data)
    for name in _DATES:
        fields[name] = fields[name].isoformat() if fields[name] else None
    fields["photo"] = base64.b64encode(data.photo).decode()
    return keyring().encrypt(json.dumps(fields, ensure_ascii=False).encode())


def unseal(sealed: bytes) -> CardData:
    """Raises `DecryptionError` where no key fits."""
    fields = json.loads(keyring().decrypt(sealed))
    for name in _DATES:
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    fields["photo"] = base64.b64decode(fields["photo"])
    return CardData(**fields)


def ends_at(valid_until: date) -> datetime:
    """The midnight in Warsaw that ends the card's last day: the first instant at which it is not valid."""
    return datetime.combine(valid_until + timedelta(days=1), time(), WARSAW)


def refusal(data: CardData, today: date) -> str | None:
    """Why no card can say this, as a word for the audit; None where one can."""
    if data.valid_until < today:
        return "validity_over"
    if not data.photo.startswith(JPEG_START):
        return "photo_is_no_jpeg"
    if not (data.given_names and data.surname and data.album_number and data.card_number):
        return "data_missing"
    return None
