"""Which keys an issuer signs with: SD-JWT VC's issuer metadata (`/.well-known/jwt-vc-issuer`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

from portal.vc import jose
from portal.vc.fetch import Http, Unreachable

T = TypeVar("T")
WELL_KNOWN = "jwt-vc-issuer"
FRESH = timedelta(minutes=10)
ASKED_AGAIN_AFTER = timedelta(seconds=30)
"""Where a key is not among those that are known: it may be new."""
DOWN_FOR = timedelta(seconds=15)
"""An issuer that gave no answer is left alone for so long: others wait for their turn."""
MOST_REMEMBERED = 200
MOST_KEYS = 50
"""Of one issuer: strangers' keys are remembered too."""


class UnknownKey(Exception):
    """The issuer does not publish the key that signed this."""


def well_known(issuer: str, name: str) -> str:
    """The address of an issuer's document: its path comes after the name (RFC 8615; RFC 8414, 3.1).

    Raises `Unreachable` where the issuer's identifier is no address.
    """
    try:
        parts = urlsplit(issuer)
    except ValueError as error:
        raise Unreachable("this is no address") from error
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"


@dataclass(frozen=True)
class KeySet:
    """An issuer's public keys as they were at one moment."""

    keys: tuple[tuple[str | None, ECKey], ...] = field(repr=False)
    fetched_at: datetime

    def find(self, kid: str | None) -> ECKey | None:
        """The key of this id; of an issuer with one key, that one where no id is said."""
        if kid is None:
            return self.keys[0][1] if len(self.keys) == 1 else None
        return next((key for known, key in self.keys if known == kid), None)


def read_keys(jwks: Any, fetched_at: datetime) -> KeySet:
    """The P-256 keys of a JWK set; others are left out. Raises `Unreachable` where it is no JWK set."""
    members = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(members, list):
        raise Unreachable("the issuer's document holds no keys")
    if len(members) > MOST_KEYS:
        raise Unreachable("the issuer's document holds too many keys")
    found = []
    for jwk in members:
        try:
            key = jose.public_key(jwk if isinstance(jwk, dict) else {})
        except ValueError:
            continue
        kid = jwk.get("kid")
        found.append((kid if isinstance(kid, str) else None, key))
    return KeySet(tuple(found), fetched_at)


class IssuerKeys:
    """The keys of issuers elsewhere, remembered for a while in this process."""

    def __init__(self, http: Http, now: Callable[[], datetime]) -> None:
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, KeySet] = {}
        self._failed: dict[str, datetime] = {}

    def key(self, issuer: str, kid: str | None) -> ECKey:
        """The key that this issuer signs with under this id. Raises `UnknownKey`, `Unreachable`."""
        known = self._known.get(issuer)
        if known is not None and self._now() - known.fetched_at < FRESH:
            if found := known.find(kid):
                return found
            if self._now() - known.fetched_at < ASKED_AGAIN_AFTER:
                raise UnknownKey
        failed = self._failed.get(issuer)
        if failed is not None and timedelta(0) <= self._now() - failed < DOWN_FOR:
            raise Unreachable("there was no answer a moment ago")
        try:
            found = self.fetch(issuer).find(kid)
        except Unreachable:
            self._remember(self._failed, issuer, self._now())
            raise
        if found is None:
            raise UnknownKey
        return found

    def fetch(self, issuer: str) -> KeySet:
        """Ask the issuer now. Raises `Unreachable`."""
        said = get_json(self._http, well_known(issuer, WELL_KNOWN))
        if said.get("issuer") != issuer:
            raise Unreachable("the issuer's document is of another issuer")
        jwks = said.get("jwks")
        if jwks is None and isinstance(said.get("jwks_uri"), str):
            jwks = get_json(self._http, said["jwks_uri"])
        fetched = read_keys(jwks, self._now())
        self._remember(self._known, issuer, fetched)
        return fetched

    def _remember(self, what: dict[str, T], issuer: str, value: T) -> None:
        with self._lock:
            what.pop(issuer, None)
            while len(what) >= MOST_REMEMBERED:
                what.pop(next(iter(what)))
            what[issuer] = value


def get_json(http: Http, url: str) -> dict[str, Any]:
    """A JSON object from this address. Raises `Unreachable`."""
    answer = http("GET", url, headers={"Accept": "application/json"})
    if answer.status != 200:
        raise Unreachable(f"the answer was {answer.status}")
    return answer.json()
