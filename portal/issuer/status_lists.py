"""Status lists as verifiers get them (Token Status List): one bit a copy, signed, good for a day at most.

A signed list is made once for each change or every few minutes and kept in memory under its list's version,
which a revocation raises in its own transaction: whoever asks after that gets a new list.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy import select

from portal import clock
from portal.database import db
from portal.issuer import copies
from portal.issuer.keys import key_store
from portal.issuer.models import StatusList
from portal.issuer.urls import issuer_id, status_list_uri
from portal.settings import settings
from portal.vc.encoding import b64, json_bytes
from portal.vc.status import TYPE

BITS = 1
LIFETIME = timedelta(hours=24)
"""`exp` − `iat` is this at most: the promise that a revoked card looks valid no longer."""
TTL = timedelta(minutes=15)
FRESH = timedelta(minutes=10)
"""A list in memory is signed anew after this, so that caches always have some minutes of its `ttl` left."""
_TRIES = 10


class Busy(Exception):
    """The list changed faster than it could be signed."""


@dataclass(frozen=True)
class SignedList:
    version: int
    token: str
    etag: str
    issued_at: datetime
    expires_at: datetime

    @property
    def max_age(self) -> int:
        """Seconds that a cache may keep it: what is left of its `ttl`."""
        return max(0, int((self.issued_at + TTL - clock.now()).total_seconds()))


class Publisher:
    """The signed lists of this process."""

    def __init__(self) -> None:
        self._lists: dict[int, SignedList] = {}
        self._lock = threading.Lock()

    def get(self, list_id: int) -> SignedList | None:
        """The list as it is now, or None where there is no such list. Raises `Busy`."""
        version = db.session.scalar(select(StatusList.version).where(StatusList.id == list_id))
        if version is None:
            return None
        if known := self._known(list_id, version):
            return known
        with self._lock:
            for _ in range(_TRIES):
                db.session.rollback()  # what is read below must not be older than this moment
                version = db.session.scalar(select(StatusList.version).where(StatusList.id == list_id))
                if version is None:
                    return None
                if known := self._known(list_id, version):
                    return known
                signed = _sign(list_id, version)
                if copies.publish(list_id, version, signed.expires_at):
                    self._lists[list_id] = signed
                    return signed
        raise Busy

    def _known(self, list_id: int, version: int) -> SignedList | None:
        known = self._lists.get(list_id)
        if known is None or known.version != version:
            return None
        return known if timedelta(0) <= clock.now() - known.issued_at < FRESH else None


def publisher() -> Publisher:
    return cast(Publisher, current_app.extensions["portal.issuer.status_lists"])


def encode(indexes: Iterable[int], size: int = copies.LIST_SIZE) -> bytes:
    """The list's bytes: index 0 is the lowest bit of the first byte (Token Status List, 4.1)."""
    packed = bytearray(size // 8)
    for index in indexes:
        packed[index >> 3] |= 1 << (index & 7)
    return bytes(packed)


def compress(packed: bytes) -> bytes:
    """zlib at its best level, as the draft's vectors are made."""
    return zlib.compress(packed, 9)


def _sign(list_id: int, version: int) -> SignedList:
    issued_at = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)
    # A whole minute, since that is what pages show: cut off there, it would look a little too early.
    expires_at = (issued_at + LIFETIME).replace(second=0)
    uri = status_list_uri(settings(), list_id)
    lst = b64(compress(encode(copies.revoked_indexes(list_id))))
    payload = {
        "iss": issuer_id(settings()),
        "sub": uri,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "ttl": int(TTL.total_seconds()),
        "status_list": {"bits": BITS, "lst": lst},
    }
    token = key_store().current().sign(TYPE, json_bytes(payload))
    # The signature's last characters name this very token.
    return SignedList(version, token, token[-43:], issued_at, expires_at)
