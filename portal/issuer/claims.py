"""The card's claims: what every verifier sees, and what the holder may disclose."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote

from portal.clock import WARSAW
from portal.issuer.card_data import ends_at
from portal.issuer.interface import CardData
from portal.issuer.urls import issuer_id, status_list_uri, vct
from portal.settings import Settings

COUNTRY = "PL"


def visible(
    data: CardData, settings: Settings, *, holder: Mapping[str, str], slot: tuple[int, int], now: datetime
) -> dict[str, Any]:
    """What stands open in the card. `slot` is the number of the status list and the index in it."""
    list_id, index = slot
    # The day, not the second: a card must not be recognisable by when it was made (RFC 9901, 10.1).
    issued = int(datetime.combine(now.astimezone(UTC).date(), time(), UTC).timestamp())
    return {
        "iss": issuer_id(settings),
        "iat": issued,
        "nbf": issued,
        "exp": int(ends_at(data.valid_until).timestamp()),
        "vct": vct(settings),
        "cnf": {"jwk": dict(holder)},
        "status": {"status_list": {"idx": index, "uri": status_list_uri(settings, list_id)}},
        "issuing_authority": settings.university_pl,
        "issuing_authority_short": settings.university_short,
        "issuing_country": COUNTRY,
        "schac_home_organization": settings.home_organisation,
        "date_of_expiry": data.valid_until.isoformat(),
    }


def disclosable(data: CardData, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """What the holder decides about, claim by claim. What the registry doesn't know is left out."""
    organisation = settings.home_organisation
    claims: dict[str, Any] = {
        "given_name": data.given_names,
        "family_name": data.surname,
        "birthdate": data.birth_date.isoformat() if data.birth_date else None,
        "picture": "data:image/jpeg;base64," + base64.b64encode(data.photo).decode(),
        "student_number": data.album_number,
        "card_number": data.card_number,
        "pesel": data.pesel if settings.pesel_on_card else None,
        "schac_personal_unique_code": [european_student_identifier(organisation, data.album_number)],
        "eduperson_scoped_affiliation": [f"student@{organisation}"],
        "faculty": data.faculty or None,
        "study_level": data.study_level or None,
        "date_of_issue": data.issued_on.isoformat(),
        "age_over_18": is_adult(data.birth_date, now) if data.birth_date else None,
    }
    return {name: value for name, value in claims.items() if value is not None}


def european_student_identifier(organisation: str, code: str) -> str:
    """The ESI with the university's scope (GEANT's profile of schacPersonalUniqueCode, RFC 2141)."""
    return f"urn:schac:personalUniqueCode:int:esi:{organisation}:{quote(code, safe='')}"


def is_adult(birth_date: date, now: datetime) -> bool:
    """18 years old on this day in Warsaw; who was born on 29 February comes of age on 1 March."""
    today = now.astimezone(WARSAW).date()
    return (today.year - 18, today.month, today.day) >= (birth_date.year, birth_date.month, birth_date.day)
