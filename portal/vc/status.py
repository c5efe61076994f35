"""Status lists as their readers see them (Token Status List, 8): fetched, checked, remembered for a while."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, TypeVar

from joserfc.jwk import ECKey

from portal.vc import jose
from portal.vc.encoding import unb64
from portal.vc.fetch import Http, Unreachable
from portal.vc.sdjwt import instant

T = TypeVar("T")
TYPE = "statuslist+jwt"
MEDIA_TYPE = "application/statuslist+jwt"
LARGEST = 16 * 2**20
"""Bytes of an unpacked list."""
OLDEST = timedelta(hours=24)
"""So long a list is believed at most: after its `iat` where it has no `exp`, and after it was fetched."""
USUAL_TTL = timedelta(minutes=5)
LONGEST_TTL = timedelta(hours=1)
ASKED_AGAIN_AFTER = timedelta(seconds=15)
"""Where a list could not be had just now."""
AHEAD = timedelta(minutes=1)
MOST_REMEMBERED = 200
MOST_BYTES = 4 * LARGEST
"""Of all unpacked lists that are remembered: strangers' lists are among them."""


class Status(IntEnum):
    """Token Status List, 7.1; every other value is the application's own."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2


class BadList(Exception):
    """What was got is no status list for this place: wrongly signed, of another address, or out of range."""


class OldList(Exception):
    """The list's last moment (`exp`) has passed: it says nothing any more."""


@dataclass(frozen=True)
class Place:
    """Where a card's status stands."""

    uri: str
    index: int


def place_of(payload: Mapping[str, Any]) -> Place | None:
    """The place that a card names (Token Status List, 6.2); None: it names none. Raises `BadList`."""
    if "status" not in payload:
        return None
    status = payload["status"]
    said = status.get("status_list") if isinstance(status, dict) else None
    uri, index = (said.get("uri"), said.get("idx")) if isinstance(said, dict) else (None, None)
    if not isinstance(uri, str) or isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise BadList("the card names no place in a status list")
    return Place(uri, index)


@dataclass(frozen=True)
class ReadList:
    """A status list whose signature was good."""

    uri: str
    issued_at: datetime
    expires_at: datetime
    fresh_until: datetime
    bits: int
    packed: bytes = field(repr=False)

    def status(self, index: int) -> int:
        """The value at this index (Token Status List, 4.1). Raises `BadList` beyond the end."""
        per_byte = 8 // self.bits
        where, shift = divmod(index, per_byte)
        if where >= len(self.packed):
            raise BadList("beyond the end of the list")
        return self.packed[where] >> (shift * self.bits) & ((1 << self.bits) - 1)


KeyOf = Callable[[str | None], ECKey]
"""The issuer's key of this id; raises `UnknownKey` or `Unreachable`."""


def read(text: str, *, uri: str, key_of: KeyOf, now: datetime) -> ReadList:
    """A list from its token. Raises `BadList`, `OldList`, and what `key_of` raises."""
    try:
        token = jose.read(text)
    except ValueError as error:
        raise BadList("no token") from error
    kid = token.header.get("kid")
    try:
        jose.check_signature(token, key_of(kid if isinstance(kid, str) else None))
    except jose.BadSignature as error:
        raise BadList("not signed by the issuer of the card") from error
    if token.header.get("typ") != TYPE or token.payload.get("sub") != uri:
        raise BadList("no status list, or that of another address")
    issued, expires = instant(token.payload.get("iat")), instant(token.payload.get("exp"))
    if issued is None or (expires is None and "exp" in token.payload):
        raise BadList("without its time")
    issued_at = datetime.fromtimestamp(issued, UTC)
    expires_at = issued_at + OLDEST if expires is None else datetime.fromtimestamp(expires, UTC)
    if issued_at > now + AHEAD:
        raise BadList("from the future")
    if expires_at <= now:
        raise OldList
    expires_at = min(expires_at, now + OLDEST)
    bits, packed = _unpacked(token.payload.get("status_list"))
    fresh_until = min(expires_at, now + _ttl(token.payload.get("ttl")))
    return ReadList(uri, issued_at, expires_at, fresh_until, bits, packed)


def _ttl(said: object) -> timedelta:
    seconds = instant(said)
    if seconds is None or seconds <= 0:
        return USUAL_TTL
    return min(LONGEST_TTL, timedelta(seconds=seconds))


def _unpacked(said: object) -> tuple[int, bytes]:
    if not isinstance(said, dict) or said.get("bits") not in (1, 2, 4, 8) or isinstance(said["bits"], bool):
        raise BadList("without bits")
    try:
        machine = zlib.decompressobj()
        packed = machine.decompress(unb64(said["lst"]), LARGEST)
    except (KeyError, TypeError, AttributeError, ValueError, zlib.error) as error:
        raise BadList("not packed as it should be") from error
    if not machine.eof or machine.unused_data:
        raise BadList("too large, or cut short")
    return said["bits"], packed


class StatusLists:
    """The lists of issuers elsewhere, remembered in this process until their `ttl` has passed.

    A list that can't be had anew is still good until its `exp`: no longer, and that is what it says itself.
    """

    def __init__(self, http: Http, now: Callable[[], datetime]) -> None:
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], ReadList] = {}
        """By issuer and address: a list is only as good as whoever signed it."""
        self._failed: dict[tuple[str, str], datetime] = {}

    def get(self, uri: str, issuer: str, key_of: KeyOf, *, anew: bool = False) -> ReadList:
        """This issuer's list at this address, at once where it is fresh and not wanted `anew`.

        Raises `BadList`, `OldList`, `Unreachable` and `UnknownKey`.
        """
        now = self._now()
        place = (issuer, uri)
        known = self._known.get(place)
        if known is not None and now >= known.expires_at:
            known = None
        if known is not None and now < known.fresh_until and not anew:
            return known
        failed = self._failed.get(place)
        if failed is None or anew or not timedelta(0) <= now - failed < ASKED_AGAIN_AFTER:
            try:
                return self._fetched(place, key_of)
            except Unreachable:
                self._remember(self._failed, place, now)
        if known is None:
            raise Unreachable("the list can't be had")
        return known

    def _fetched(self, place: tuple[str, str], key_of: KeyOf) -> ReadList:
        _issuer, uri = place
        answer = self._http("GET", uri, headers={"Accept": MEDIA_TYPE})
        if answer.status != 200:
            raise Unreachable(f"the answer was {answer.status}")
        try:
            text = answer.body.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise BadList("no token") from error
        found = read(text, uri=uri, key_of=key_of, now=self._now())
        self._remember(self._known, place, found)
        return found

    def _remember(self, what: dict[tuple[str, str], T], place: tuple[str, str], value: T) -> None:
        with self._lock:
            what.pop(place, None)
            while len(what) >= MOST_REMEMBERED:
                what.pop(next(iter(what)))
            what[place] = value
            while sum(len(one.packed) for one in self._known.values()) > MOST_BYTES:
                self._known.pop(next(iter(self._known)))
