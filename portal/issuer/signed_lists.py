"""One signed status list: its bits, its token, and what a token says (Token Status List, 4 and 5)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from portal import clock
from portal.issuer.places import LIST_SIZE
from portal.issuer.signing import signing_key
from portal.issuer.urls import issuer_id
from portal.settings import settings
from portal.vc.encoding import b64, json_bytes, unb64
from portal.vc.status import TYPE

BITS = 1
LIFETIME = timedelta(hours=24)
"""`exp` − `iat` is this at most: the promise that a revoked card looks valid no longer."""
TTL = timedelta(minutes=15)


@dataclass(frozen=True)
class SignedList:
    version: int
    token: str = field(repr=False)
    uri: str
    """What the list calls itself: another one, once the portal has moved."""
    issued_at: datetime
    expires_at: datetime

    @property
    def etag(self) -> str:
        """The signature's last characters name this very token."""
        return self.token[-43:]

    @property
    def max_age(self) -> int:
        """Seconds that a cache may keep it: what is left of its `ttl`."""
        left = self.issued_at + TTL - clock.now()
        return int(min(TTL, max(timedelta(0), left)).total_seconds())


def packed_of(token: str) -> bytes:
    """The bytes of the list that is in this token of ours."""
    return zlib.decompress(unb64(_payload(token)["status_list"]["lst"]))


def read(version: int, token: str) -> SignedList:
    """A token of ours, as it was kept."""
    said = _payload(token)
    issued_at, expires_at = (datetime.fromtimestamp(said[name], UTC) for name in ("iat", "exp"))
    return SignedList(version, token, said["sub"], issued_at, expires_at)


def sign(uri: str, version: int, packed: bytes, latest: datetime | None = None) -> SignedList:
    """These bits as a list of this address, signed now; its `exp` is no later than `latest`."""
    issued_at = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)
    # A whole minute, since that is what pages show: cut off there, it would look a little too early.
    expires_at = (issued_at + LIFETIME).replace(second=0)
    if latest is not None:
        expires_at = min(expires_at, latest)
    payload = {
        "iss": issuer_id(settings()),
        "sub": uri,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "ttl": int(TTL.total_seconds()),
        "status_list": {"bits": BITS, "lst": b64(compress(packed))},
    }
    token = signing_key().sign(TYPE, json_bytes(payload))
    return SignedList(version, token, uri, issued_at, expires_at)


def encode(indexes: Iterable[int], packed: bytes = bytes(LIST_SIZE // 8)) -> bytes:
    """`packed` with these bits set: index 0 is the lowest bit of the first byte (Token Status List, 4.1)."""
    changed = bytearray(packed)
    for index in indexes:
        changed[index >> 3] |= 1 << (index & 7)
    return bytes(changed)


def compress(packed: bytes) -> bytes:
    """zlib at its best level, without looking for repetitions other than runs.

    Scattered bits have none: this is as small as with them, and takes 0.2 ms however many bits are set,
    instead of up to 40.
    """
    machine = zlib.compressobj(zlib.Z_BEST_COMPRESSION, strategy=zlib.Z_RLE)
    return machine.compress(packed) + machine.flush()


def _payload(token: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(unb64(token.split(".")[1]))
    return said
