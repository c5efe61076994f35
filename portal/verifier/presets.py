"""What an inspector may ask for: the least that each kind of check needs."""

from __future__ import annotations

from enum import StrEnum

NAME_AND_PHOTO = ("given_name", "family_name", "picture")


class Preset(StrEnum):
    """Validity and the university are told by every card; what else is asked for depends on who asks."""

    CARRIER = "carrier"
    LIBRARY = "library"
    VALIDITY = "validity"

    @property
    def claims(self) -> tuple[str, ...]:
        """The disclosable claims that are asked for."""
        return CLAIMS[self]


CLAIMS: dict[Preset, tuple[str, ...]] = {
    Preset.CARRIER: NAME_AND_PHOTO,
    Preset.LIBRARY: (*NAME_AND_PHOTO, "student_number"),
    Preset.VALIDITY: (),
}
