"""What the inspector's page shows of a card: what was asked for, as plain text, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

from portal.encryption import keyring
from portal.verifier import pictures
from portal.verifier.authorities import valid_through
from portal.verifier.checking import Outcome
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset

LONGEST = 200


@dataclass(frozen=True)
class Shown:
    """Empty where the card is not proven to be its issuer's and its holder's."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Language to the university's name."""
    full_name: str = ""
    album_number: str = ""
    valid_until: date | None = None
    """The last day."""
    photo_asked: bool = False

    def to_json(self) -> bytes:
        day = self.valid_until.isoformat() if self.valid_until else None
        return json.dumps(asdict(self) | {"valid_until": day}).encode()

    @property
    def anything(self) -> bool:
        return bool(self.names)


def of(outcome: Outcome, preset: Preset) -> tuple[Shown, bytes | None]:
    """What is kept of an outcome for the page, with the photo as JPEG."""
    if outcome.issuer is None:
        return Shown(), None
    asked = {name: outcome.claims.get(name) for name in preset.claims}
    names = (_text(asked.get("given_name")), _text(asked.get("family_name")))
    shown = Shown(
        dict(outcome.names),
        " ".join(name for name in names if name),
        _text(asked.get("student_number")),
        valid_through(outcome.expires_at).date() if outcome.expires_at else None,
        "picture" in asked,
    )
    return shown, pictures.from_claim(asked.get("picture"))


def of_inspection(inspection: Inspection) -> Shown:
    """Raises `DecryptionError` where no key fits."""
    if inspection.result is None:
        return Shown()
    said = json.loads(keyring().decrypt(inspection.result))
    day = said.pop("valid_until")
    return Shown(**said, valid_until=date.fromisoformat(day) if day else None)


def _text(claim: object) -> str:
    """A claim as one line of text: foreign cards may hold anything."""
    if not isinstance(claim, str | int) or isinstance(claim, bool):
        return ""
    words = "".join(letter if letter.isprintable() else " " for letter in str(claim)).split()
    return " ".join(words)[:LONGEST]
