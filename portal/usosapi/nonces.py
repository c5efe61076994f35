"""Each signed request is taken once (RFC 5849, 3.3)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.database import db, write
from portal.usosapi.models import AccessToken, Nonce, RequestToken

TOLERANCE = timedelta(minutes=5)
"""How far an app's clock may be from ours."""
WRITE_USED_EVERY = timedelta(minutes=1)
_BATCH = 500


class Replayed(Exception):
    """The request was taken before."""


def is_timely(timestamp: datetime) -> bool:
    return abs(clock.now() - timestamp) <= TOLERANCE


def spend(parts: tuple[str, str, str, str], timestamp: datetime, used: AccessToken | None) -> None:
    """Note that the request with this consumer, token, timestamp and nonce was taken, and the token used.

    Raises `Replayed`.
    """
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    now = clock.now()
    try:
        with write() as session:
            session.add(Nonce(digest=digest, forget_at=timestamp + 2 * TOLERANCE))
            session.flush()
            if used is not None and (used.used_at is None or used.used_at <= now - WRITE_USED_EVERY):
                session.execute(update(AccessToken).where(AccessToken.id == used.id).values(used_at=now))
    except IntegrityError as error:
        raise Replayed from error


def forget() -> None:
    """A chore: nonces that are of no use any more, and tokens whose time is up."""
    now = clock.now()
    over = db.session.scalars(select(Nonce.digest).where(Nonce.forget_at < now).limit(_BATCH)).all()
    asked = db.session.scalars(
        select(RequestToken.id).where(RequestToken.expires_at <= now).limit(_BATCH)
    ).all()
    granted = db.session.scalars(
        select(AccessToken.id).where(AccessToken.expires_at <= now).limit(_BATCH)
    ).all()
    if over or asked or granted:
        with write() as session:
            session.execute(delete(Nonce).where(Nonce.digest.in_(over)))
            session.execute(delete(RequestToken).where(RequestToken.id.in_(asked)))
            session.execute(delete(AccessToken).where(AccessToken.id.in_(granted)))


def moment(seconds: str) -> datetime | None:
    """A timestamp of OAuth as a time; None where it is none."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
