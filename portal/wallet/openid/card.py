"""A card as its holder sees it, and how it stands now."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from portal.clock import WARSAW
from portal.gate import Busy
from portal.vc import sdjwt, status
from portal.vc.fetch import Unreachable
from portal.vc.issuers import IssuerKeys, UnknownKey
from portal.vc.status import StatusLists
from portal.wallet.openid.reading import plain

PICTURES = ("image/jpeg", "image/png")


class State(StrEnum):
    VALID = "valid"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"
    """The list of revoked cards can't be had, so nobody knows."""


@dataclass(frozen=True)
class CardStatus:
    state: State
    as_of: datetime | None
    """When the status list that says so was made; None where none was needed or could be had."""
    checked_at: datetime


@dataclass(frozen=True)
class CardView:
    """What the card says. Days are Europe/Warsaw, `valid_until` included; empty texts: it doesn't say."""

    issuer: str
    university: str
    university_short: str
    given_names: str
    surname: str
    birth_date: date | None
    album_number: str
    card_number: str
    faculty: str
    pesel: str | None = field(repr=False)
    issued_on: date | None
    valid_until: date | None
    picture: bytes | None = field(repr=False)
    picture_type: str

    @property
    def full_name(self) -> str:
        return f"{self.given_names} {self.surname}".strip()


def view(credential: str) -> CardView:
    """What a card that was checked when it came says now."""
    claims = sdjwt.disclosed(sdjwt.parse(credential))
    issuer = _text(claims, "iss")
    kind, picture = _picture(claims.get("picture"))
    return CardView(
        issuer=issuer,
        university=_text(claims, "issuing_authority") or urlsplit(issuer).netloc,
        university_short=_text(claims, "issuing_authority_short"),
        given_names=_text(claims, "given_name"),
        surname=_text(claims, "family_name"),
        birth_date=_day(claims, "birthdate"),
        album_number=_text(claims, "student_number"),
        card_number=_text(claims, "card_number"),
        faculty=_text(claims, "faculty"),
        pesel=_text(claims, "pesel") or None,
        issued_on=_day(claims, "date_of_issue") or _day_of(claims.get("iat")),
        valid_until=_day(claims, "date_of_expiry") or _last_day(claims.get("exp")),
        picture=picture,
        picture_type=kind,
    )


def check(
    credential: str, keys: IssuerKeys, lists: StatusLists, now: datetime, anew: bool = False
) -> CardStatus:
    """How the card stands. Never raises: what can't be known is `State.UNKNOWN`."""
    payload = sdjwt.parse(credential).token.payload
    begins, ends = sdjwt.instant(payload.get("nbf")), sdjwt.instant(payload.get("exp"))
    if ends is not None and ends <= now.timestamp():
        return CardStatus(State.EXPIRED, None, now)
    if begins is not None and begins > now.timestamp():
        return CardStatus(State.NOT_YET, None, now)
    try:
        place = status.place_of(payload)
        if place is None:
            return CardStatus(State.VALID, None, now)
        issuer = str(payload.get("iss", ""))
        found = lists.get(place.uri, issuer, lambda kid: keys.key(issuer, kid), anew=anew)
        return CardStatus(_state(found.status(place.index)), found.issued_at, now)
    except (status.BadList, status.OldList, Unreachable, UnknownKey, Busy):
        return CardStatus(State.UNKNOWN, None, now)


def _state(value: int) -> State:
    if value == status.Status.VALID:
        return State.VALID
    return State.SUSPENDED if value == status.Status.SUSPENDED else State.REVOKED


def label(words: Mapping[str, str], language: str) -> str:
    """Words in this language, or without one, or in English, or whichever there are."""
    for known in (language, "", "en", "pl"):
        if known in words:
            return words[known]
    return next(iter(words.values()), "")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return plain(value) if isinstance(value, str) else ""


def _day(claims: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(_text(claims, name))
    except ValueError:
        return None


def _day_of(seconds: object) -> date | None:
    at = sdjwt.instant(seconds)
    return None if at is None else datetime.fromtimestamp(at, UTC).astimezone(WARSAW).date()


def _last_day(exp: object) -> date | None:
    """The day that `exp` ends, or falls into."""
    at = sdjwt.instant(exp)
    if at is None:
        return None
    return (datetime.fromtimestamp(at, UTC) - timedelta(seconds=1)).astimezone(WARSAW).date()


def _picture(said: object) -> tuple[str, bytes | None]:
    """A portrait from a data URI (RFC 2397); none where it is of another kind."""
    head, comma, body = said.partition(",") if isinstance(said, str) else ("", "", "")
    kind = head.removeprefix("data:").removesuffix(";base64")
    if not comma or kind not in PICTURES or head != f"data:{kind};base64":
        return "", None
    try:
        return kind, base64.b64decode(body, validate=True)
    except ValueError:
        return "", None
