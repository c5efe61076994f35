"""Is this card good, and is it its holder who shows it? One answer, with one reason.

What decides (iss, nbf, exp, cnf, vct, status) is read from what the issuer signed, never from a disclosure.
Who can't be asked is not believed: without a fresh status list a card is unconfirmed, never valid.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from portal.vc import jose, sdjwt, status
from portal.vc.fetch import Unreachable
from portal.vc.issuers import UnknownKey
from portal.vc.sdjwt import HolderProblem, NotTheHolder, Question, SdJwt
from portal.vc.status import BadList, OldList, Status
from portal.verifier.authorities import Authority, UnknownIssuer, authority

CLOCKS_DIFFER = timedelta(minutes=1)
"""A card that is to be valid from now on may come from a clock that is ahead."""


class Verdict(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNCONFIRMED = "unconfirmed"
    """It may be valid, but somebody who must say so could not be asked."""


class Reason(StrEnum):
    """Why a card is not valid."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    UNKNOWN_ISSUER = "unknown_issuer"
    BAD_SIGNATURE = "bad_signature"
    ALTERED = "altered"
    NO_HOLDER = "no_holder"
    WRONG_HOLDER = "wrong_holder"
    WRONG_QUESTION = "wrong_question"
    WRONG_TYPE = "wrong_type"
    MISSING_CLAIMS = "missing_claims"
    MALFORMED = "malformed"
    LIST_UNREACHABLE = "list_unreachable"
    LIST_TOO_OLD = "list_too_old"
    LIST_WRONG = "list_wrong"
    KEYS_UNREACHABLE = "keys_unreachable"


UNANSWERED = frozenset(
    {Reason.LIST_UNREACHABLE, Reason.LIST_TOO_OLD, Reason.LIST_WRONG, Reason.KEYS_UNREACHABLE}
)
"""Reasons of `Verdict.UNCONFIRMED`."""
UNDERSTOOD = UNANSWERED | {Reason.EXPIRED, Reason.NOT_YET_VALID, Reason.REVOKED, Reason.SUSPENDED}
"""Reasons of a card that is a true answer to the question all the same."""
_HOLDER = {
    HolderProblem.MISSING: Reason.NO_HOLDER,
    HolderProblem.WRONG_KEY: Reason.WRONG_HOLDER,
    HolderProblem.WRONG_NONCE: Reason.WRONG_QUESTION,
    HolderProblem.WRONG_AUDIENCE: Reason.WRONG_QUESTION,
    HolderProblem.WRONG_TIME: Reason.WRONG_QUESTION,
    HolderProblem.OTHER_CONTENT: Reason.ALTERED,
}


@dataclass(frozen=True)
class Outcome:
    """How a check ended. Of the card it tells only what its issuer signed and its holder shows."""

    verdict: Verdict
    reason: Reason | None = None
    issuer: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """The university's name in each language."""
    vct: str | None = None
    expires_at: datetime | None = None
    """The first instant at which the card is not valid; None where it has no end."""
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """With what was disclosed in its places."""


class _Failed(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def check(presentation: str, question: Question | None, wanted: Collection[str], now: datetime) -> Outcome:
    """Check a presentation; without a question, the card alone, whoever shows it.

    Raises `portal.gate.Busy` where too many checks ask other universities at once.
    """
    try:
        card = _parsed(presentation)
        asked = _authority(card)
        if question is not None:
            _check_holder(card, question, now)
        claims = _disclosed(card)
        known = Outcome(Verdict.VALID, None, asked.issuer, asked.names, str(card.token.payload["vct"]))
        return _of_the_card(card, asked, replace(known, claims=claims), frozenset(wanted), now)
    except _Failed as failed:
        return _not_valid(failed.reason)


def _parsed(presentation: str) -> SdJwt:
    try:
        return sdjwt.parse(presentation)
    except sdjwt.Malformed as error:
        raise _Failed(Reason.MALFORMED) from error


def _authority(card: SdJwt) -> Authority:
    issuer, vct = card.token.payload.get("iss"), card.token.payload.get("vct")
    if not (isinstance(issuer, str) and isinstance(vct, str)):
        raise _Failed(Reason.MALFORMED)
    try:
        found = authority(issuer)
    except UnknownIssuer as error:
        raise _Failed(Reason.UNKNOWN_ISSUER) from error
    if card.token.header.get("typ") != sdjwt.TYPE or vct not in found.vcts:
        raise _Failed(Reason.WRONG_TYPE)
    return found


def _check_holder(card: SdJwt, question: Question, now: datetime) -> None:
    try:
        sdjwt.check_holder(card, question, now)
    except NotTheHolder as error:
        raise _Failed(_HOLDER[error.problem]) from error


def _disclosed(card: SdJwt) -> dict[str, Any]:
    try:
        return sdjwt.disclosed(card)
    except sdjwt.Altered as error:
        raise _Failed(Reason.ALTERED) from error


def _of_the_card(
    card: SdJwt, asked: Authority, known: Outcome, wanted: frozenset[str], now: datetime
) -> Outcome:
    """What is left once the holder has shown that the card is theirs: signature, time, status."""
    kid = card.token.header.get("kid")
    try:
        jose.check_signature(card.token, asked.key_of(kid if isinstance(kid, str) else None))
    except Unreachable:
        return _not_valid(Reason.KEYS_UNREACHABLE)
    except (UnknownKey, jose.BadSignature):
        return _not_valid(Reason.BAD_SIGNATURE)
    if not wanted <= known.claims.keys():
        return _not_valid(Reason.MISSING_CLAIMS)
    begins, ends = _times(card.token.payload)
    known = replace(known, expires_at=ends)
    if ends is not None and ends <= now:
        return _not_valid(Reason.EXPIRED, known)
    if begins is not None and begins > now + CLOCKS_DIFFER:
        return _not_valid(Reason.NOT_YET_VALID, known)
    reason = _status(card.token.payload, asked)
    return known if reason is None else _not_valid(reason, known)


def _times(payload: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """`nbf` and `exp`, where the issuer set them."""
    times = []
    for name in ("nbf", "exp"):
        said = sdjwt.instant(payload.get(name))
        if said is None and name in payload:
            raise _Failed(Reason.MALFORMED)
        times.append(None if said is None else datetime.fromtimestamp(said, UTC))
    return times[0], times[1]


def _status(payload: Mapping[str, Any], asked: Authority) -> Reason | None:
    """What the status list says against the card (Token Status List, 8.3)."""
    try:
        place = status.place_of(payload)
        if place is None:
            return Reason.LIST_WRONG
        value = asked.status_list(place.uri).status(place.index)
    except OldList:
        return Reason.LIST_TOO_OLD
    except Unreachable:
        return Reason.LIST_UNREACHABLE
    except (BadList, UnknownKey):
        return Reason.LIST_WRONG
    if value == Status.VALID:
        return None
    return Reason.SUSPENDED if value == Status.SUSPENDED else Reason.REVOKED


def _not_valid(reason: Reason, known: Outcome | None = None) -> Outcome:
    verdict = Verdict.UNCONFIRMED if reason in UNANSWERED else Verdict.INVALID
    return replace(known or Outcome(verdict), verdict=verdict, reason=reason)
