"""SD-JWT and SD-JWT+KB as holder and verifier see them (RFC 9901; SD-JWT VC for `dc+sd-jwt`).

Three steps, each with its own exception: `parse` reads, `disclosed` puts the disclosures in their places,
`check_holder` checks the key binding. Whether the issuer signed it is asked of `jose.check_signature`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from joserfc.jwk import ECKey

from portal.vc import jose
from portal.vc.encoding import b64, unb64
from portal.vc.jose import Token
from portal.vc.strict_json import parse_value

TYPE = "dc+sd-jwt"
KEY_BINDING_TYPE = "kb+jwt"
MAX_AGE = timedelta(minutes=5)
"""Of a key binding's `iat`; the nonce says more, so this only guards against a clock gone wrong."""
MAX_AHEAD = timedelta(minutes=5)
MOST_DISCLOSURES = 500
DEEPEST = 20
ALWAYS_OPEN = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
"""Claims that no holder may withhold (SD-JWT VC, 3.2.2.2)."""


class Malformed(ValueError):
    """This is no SD-JWT at all."""


class Altered(Exception):
    """A disclosure that the issuer didn't sign, or one that stands there twice (RFC 9901, 7.1)."""


class HolderProblem(StrEnum):
    """What is wrong with the key binding (RFC 9901, 7.3)."""

    MISSING = "missing"
    WRONG_KEY = "wrong_key"
    WRONG_NONCE = "wrong_nonce"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_TIME = "wrong_time"
    OTHER_CONTENT = "other_content"
    """Made for another selection of disclosures, or for another card."""


class NotTheHolder(Exception):
    """Whoever presents the card has not shown that it is theirs, for this question."""

    def __init__(self, problem: HolderProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Question:
    """Who asks (their client identifier), and the random value that belongs to this question alone."""

    audience: str
    nonce: str


@dataclass(frozen=True)
class Disclosure:
    """One claim that the holder may disclose. `name` is None for an element of an array."""

    text: str = field(repr=False)
    name: str | None
    value: Any = field(repr=False)

    @property
    def digest(self) -> str:
        return b64(hashlib.sha256(self.text.encode()).digest())


@dataclass(frozen=True)
class SdJwt:
    """An SD-JWT (RFC 9901, 4) as it says itself, unverified."""

    token: Token
    disclosures: tuple[Disclosure, ...]
    key_binding: Token | None
    signed_part: str = field(repr=False)
    """What `sd_hash` is taken of: everything up to the last tilde, with it."""


def parse(text: str) -> SdJwt:
    """Read, and verify nothing. Raises `Malformed`."""
    signed_part, tilde, last = text.strip().rpartition("~")
    if not tilde:
        raise Malformed("no tilde")
    head, *disclosures = signed_part.split("~")
    if len(disclosures) > MOST_DISCLOSURES:
        raise Malformed("too many disclosures")
    try:
        return SdJwt(
            jose.read(head),
            tuple(_disclosure(one) for one in disclosures),
            jose.read(last) if last else None,
            signed_part + "~",
        )
    except ValueError as error:
        raise Malformed(str(error)) from error


def _disclosure(text: str) -> Disclosure:
    parts = parse_value(unb64(text))
    if not isinstance(parts, list) or len(parts) not in (2, 3) or not isinstance(parts[0], str):
        raise ValueError("a disclosure is no list of two or three")
    if len(parts) == 2:
        return Disclosure(text, None, parts[1])
    if not isinstance(parts[1], str) or parts[1] in ("_sd", "..."):
        raise ValueError("a disclosure without a good name")
    return Disclosure(text, parts[1], parts[2])


def disclosed(card: SdJwt) -> dict[str, Any]:
    """The claims with every disclosure in its place (RFC 9901, 7.1). Raises `Altered`."""
    payload = card.token.payload
    if payload.get("_sd_alg", "sha-256") != "sha-256":
        raise Altered("digests of a kind that is not ours")
    known = {one.digest: one for one in card.disclosures}
    if len(known) != len(card.disclosures):
        raise Altered("a disclosure stands twice")
    first_level = payload.get("_sd", [])
    if isinstance(first_level, list) and any(
        one.name in ALWAYS_OPEN and digest in first_level for digest, one in known.items()
    ):
        raise Altered("a claim is disclosed that must stand open")
    places = _Places(known)
    claims = places.filled_object({name: payload[name] for name in payload if name != "_sd_alg"}, 0)
    if places.used != known.keys():
        raise Altered("a disclosure fits no digest")
    return claims


class _Places:
    """Puts disclosures where their digests stand."""

    def __init__(self, known: Mapping[str, Disclosure]) -> None:
        self._known = known
        self._seen: set[str] = set()
        self.used: set[str] = set()

    def filled(self, value: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise Altered("too deep")
        if isinstance(value, dict):
            return self.filled_object(value, depth)
        if isinstance(value, list):
            return self._filled_list(value, depth)
        return value

    def filled_object(self, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise Altered("_sd is no list")
        if "..." in value:
            raise Altered("dots outside a list")
        open_ones = {n: self.filled(value[n], depth + 1) for n in value if n != "_sd"}
        for digest in digests:
            found = self._take(digest)
            if found is None:
                continue
            if found.name is None or found.name in open_ones:
                raise Altered("a disclosure of the wrong kind, or of a claim that stands there")
            open_ones[found.name] = self.filled(found.value, depth + 1)
        return open_ones

    def _filled_list(self, value: list[Any], depth: int) -> list[Any]:
        filled = []
        for element in value:
            if isinstance(element, dict) and "..." in element:
                found = self._take(element["..."])
                if len(element) != 1 or (found is not None and found.name is not None):
                    raise Altered("a disclosure of the wrong kind")
                if found is not None:
                    filled.append(self.filled(found.value, depth + 1))
            else:
                filled.append(self.filled(element, depth + 1))
        return filled

    def _take(self, digest: Any) -> Disclosure | None:
        if not isinstance(digest, str) or digest in self._seen:
            raise Altered("a digest stands twice, or is none")
        self._seen.add(digest)
        found = self._known.get(digest)
        if found is not None:
            self.used.add(digest)
        return found


def present(card: SdJwt, names: Collection[str], question: Question, *, key: ECKey, now: datetime) -> str:
    """An SD-JWT+KB that discloses these claims of the first level and no others (RFC 9901, 4.3).

    What belongs to a disclosed claim, deeper in, is disclosed with it.
    """
    signed_part = _selection(card, names)
    said = {
        "iat": int(now.timestamp()),
        "aud": question.audience,
        "nonce": question.nonce,
        "sd_hash": b64(hashlib.sha256(signed_part.encode()).digest()),
    }
    return signed_part + jose.sign({"typ": KEY_BINDING_TYPE}, said, key)


def shown(card: SdJwt, names: Collection[str]) -> dict[str, Any]:
    """The claims that whoever gets `present`'s answer reads. Raises `Altered`."""
    return disclosed(parse(_selection(card, names)))


def _selection(card: SdJwt, names: Collection[str]) -> str:
    chosen = _with_what_belongs(card, names)
    return "~".join([card.token.text, *(one.text for one in card.disclosures if one.digest in chosen), ""])


def _with_what_belongs(card: SdJwt, names: Collection[str]) -> set[str]:
    """The digests of the disclosures that the named claims of the first level need."""
    known = {one.digest: one for one in card.disclosures}
    payload = card.token.payload
    due: list[Any] = [payload[name] for name in payload if name in names]
    chosen: set[str] = set()
    for digest in payload.get("_sd", []):
        if (one := known.get(digest)) is not None and one.name in names:
            chosen.add(digest)
            due.append(one.value)
    while due:
        for digest in _digests_in(due.pop()):
            if digest in known and digest not in chosen:
                chosen.add(digest)
                due.append(known[digest].value)
    return chosen


def _digests_in(value: Any) -> list[str]:
    """Every digest that stands somewhere in the value."""
    found: list[str] = []
    due = [value]
    while due:
        one = due.pop()
        if isinstance(one, dict):
            found += [digest for digest in (*one.get("_sd", []), one.get("...")) if isinstance(digest, str)]
            due += one.values()
        elif isinstance(one, list):
            due += one
    return found


def holder_key(card: SdJwt) -> ECKey:
    """The key that the card is bound to. Raises `NotTheHolder` for a card without a good one."""
    bound = card.token.payload.get("cnf")
    try:
        return jose.public_key(bound["jwk"] if isinstance(bound, dict) else {})
    except (KeyError, ValueError, AttributeError) as error:
        raise NotTheHolder(HolderProblem.MISSING) from error


def check_holder(card: SdJwt, question: Question, now: datetime) -> None:
    """Check that the card's own key answered this very question. Raises `NotTheHolder`."""
    binding = card.key_binding
    if binding is None:
        raise NotTheHolder(HolderProblem.MISSING)
    key = holder_key(card)
    try:
        jose.check_signature(binding, key)
    except jose.BadSignature as error:
        raise NotTheHolder(HolderProblem.WRONG_KEY) from error
    if binding.header.get("typ") != KEY_BINDING_TYPE:
        raise NotTheHolder(HolderProblem.WRONG_KEY)
    said = binding.payload
    if said.get("nonce") != question.nonce:
        raise NotTheHolder(HolderProblem.WRONG_NONCE)
    if said.get("aud") not in (question.audience, [question.audience]):
        raise NotTheHolder(HolderProblem.WRONG_AUDIENCE)
    if said.get("sd_hash") != b64(hashlib.sha256(card.signed_part.encode()).digest()):
        raise NotTheHolder(HolderProblem.OTHER_CONTENT)
    at = instant(said.get("iat"))
    if at is None or not -MAX_AHEAD.total_seconds() <= now.timestamp() - at <= MAX_AGE.total_seconds():
        raise NotTheHolder(HolderProblem.WRONG_TIME)


def instant(value: object) -> float | None:
    """A NumericDate (RFC 7519, 2) in seconds; None where it is none that a `datetime` can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**37:
        return None
    return float(value)
