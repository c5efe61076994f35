"""Nonces for key proofs (OpenID4VCI 1.0, 7): a random value with its time and a MAC.

Asking for one writes nothing, so anonymous requests don't reach the writer. A nonce is written down as spent
only when a card is issued for it.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db
from portal.encryption import fingerprint
from portal.issuer.errors import ProtocolError
from portal.issuer.models import SpentNonce
from portal.vc.encoding import b64, unb64

LIFETIME = timedelta(minutes=5)
SKEW = timedelta(seconds=5)
"""How far ahead another process of ours may be."""
_TIME_BYTES = 6
_RANDOM_BYTES = 16
_MAC_BYTES = 16
_PURPOSE = "c_nonce"


def new_nonce() -> str:
    milliseconds = int(clock.now().timestamp() * 1000)
    body = milliseconds.to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_RANDOM_BYTES)
    return b64(body + _mac(body))


def check(nonce: str) -> datetime:
    """Until when the nonce is good. Raises `ProtocolError` for one that isn't ours, is old, or was spent."""
    made_at = _made_at(nonce)
    now = clock.now()
    if made_at is None or not -SKEW <= now - made_at < LIFETIME:
        raise _invalid()
    if db.session.scalar(select(SpentNonce.id).where(SpentNonce.nonce_hash == _hash(nonce))) is not None:
        raise _invalid()
    return made_at + LIFETIME


def spend(session: Session, nonce: str) -> None:
    """Raises `ProtocolError` where another request spent it first."""
    made_at = _made_at(nonce) or clock.now()
    try:
        with session.begin_nested():
            session.execute(insert(SpentNonce).values(nonce_hash=_hash(nonce), expires_at=made_at + LIFETIME))
    except IntegrityError:
        raise _invalid() from None


def _made_at(nonce: str) -> datetime | None:
    try:
        raw = unb64(nonce)  # one spelling only: two of one nonce must not count as two
    except ValueError:
        return None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(body) != _TIME_BYTES + _RANDOM_BYTES:
        return None
    if not hmac.compare_digest(mac, _mac(body)):
        return None
    return datetime.fromtimestamp(int.from_bytes(body[:_TIME_BYTES], "big") / 1000, UTC)


def _mac(body: bytes) -> bytes:
    return bytes.fromhex(fingerprint(b64(body), _PURPOSE))[:_MAC_BYTES]


def _hash(nonce: str) -> str:
    return fingerprint(nonce, "spent c_nonce")


def _invalid() -> ProtocolError:
    return ProtocolError("invalid_nonce", "the nonce is not ours, has expired or was used before")
