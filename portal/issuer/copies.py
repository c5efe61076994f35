"""Issued copies: their places in the status lists, and their revocation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, insert, literal, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import UtcDateTime, db, write
from portal.issuer.models import Card, IssuedCopy, StatusList

LIST_SIZE = 131_072
"""Entries of one list; protocols ask for at least 100,000, so that a place tells nothing."""
FULL_AT = LIST_SIZE // 2
"""Up to here a random draw finds a free place in two tries; then another list is opened."""


@dataclass(frozen=True)
class Slot:
    list_id: int
    idx: int


def free_slot() -> Slot:
    """A random place that nobody has had. Taken for good only when the copy's row is written."""
    list_id = _open_list()
    while True:
        idx = secrets.randbelow(LIST_SIZE)
        taken = select(IssuedCopy.id).where(IssuedCopy.list_id == list_id, IssuedCopy.idx == idx)
        if db.session.scalar(taken) is None:
            return Slot(list_id, idx)


def _open_list() -> int:
    roomy = select(StatusList.id).where(StatusList.taken < FULL_AT).order_by(StatusList.id).limit(1)
    found = db.session.scalar(roomy)
    if found is not None:
        return found
    with write() as session:
        found = session.scalar(roomy)  # another thread may have opened it meanwhile
        if found is None:
            opened = insert(StatusList).values(version=1, taken=0, opened_at=clock.now())
            found = session.execute(opened.returning(StatusList.id)).scalar_one()
        return found


def add(session: Session, slot: Slot, **columns: Any) -> None:
    """Raises `IntegrityError` where the place was taken meanwhile."""
    session.execute(insert(IssuedCopy).values(list_id=slot.list_id, idx=slot.idx, **columns))
    session.execute(
        update(StatusList)
        .where(StatusList.id == slot.list_id)
        .values(taken=StatusList.taken + 1)
        .execution_options(synchronize_session=False)
    )


def revoke_all(session: Session, card_id: int) -> int:
    """Revoke every copy of the card; how many there were."""
    return _revoke(session, IssuedCopy.card_id == card_id)


def revoke_one(session: Session, copy_id: int) -> bool:
    """Revoke this copy; False where it was revoked before."""
    return _revoke(session, IssuedCopy.id == copy_id) == 1


def _revoke(session: Session, which: ColumnElement[bool]) -> int:
    live = session.execute(
        select(IssuedCopy.id, IssuedCopy.list_id, IssuedCopy.expires_at).where(
            which, IssuedCopy.revoked_at.is_(None)
        )
    ).all()
    published: dict[int, datetime | None] = {}
    for list_id in sorted({copy.list_id for copy in live}):
        published[list_id] = _bump(session, list_id)
    for copy in live:
        session.execute(
            update(IssuedCopy)
            .where(IssuedCopy.id == copy.id, IssuedCopy.revoked_at.is_(None))
            .values(
                revoked_at=clock.now(),
                looks_valid_until=_latest_look(published[copy.list_id], copy.expires_at),
            )
            .execution_options(synchronize_session=False)
        )
    return len(live)


def _bump(session: Session, list_id: int) -> datetime | None:
    """Make every signed list so far stale; answers the latest `exp` that any of them has.

    The row is locked by the update before it is read, so a list that is being published at this moment is
    either counted here or finds its version gone.
    """
    return session.execute(
        update(StatusList)
        .where(StatusList.id == list_id)
        .values(version=StatusList.version + 1)
        .returning(StatusList.published_until)
        .execution_options(synchronize_session=False)
    ).scalar_one()


def _latest_look(published_until: datetime | None, expires_at: datetime) -> datetime:
    """Where no list was ever handed out, nobody can show that the copy is good: it ends now."""
    now = clock.now()
    return min(max(published_until or now, now), max(expires_at, now))


def looks_valid_until(reference: str) -> datetime | None:
    """The latest instant at which any copy of the card may look valid to somebody offline; None: no copy.

    For a copy that is not revoked: what the answer would be if it were revoked now.
    """
    copies = db.session.execute(
        select(IssuedCopy.looks_valid_until, IssuedCopy.expires_at, StatusList.published_until)
        .join(StatusList, StatusList.id == IssuedCopy.list_id)
        .join(Card, Card.id == IssuedCopy.card_id)
        .where(Card.reference == reference)
    ).all()
    ends = [copy.looks_valid_until or _latest_look(copy.published_until, copy.expires_at) for copy in copies]
    return max(ends, default=None)


def revoked_indexes(list_id: int) -> list[int]:
    """Which bits of the list are set."""
    return list(
        db.session.scalars(
            select(IssuedCopy.idx).where(IssuedCopy.list_id == list_id, IssuedCopy.revoked_at.is_not(None))
        )
    )


def publish(list_id: int, version: int, until: datetime) -> bool:
    """Write down that a token of this version, good `until` then, will be handed out.

    False where the list has changed since: the token must not be handed out.
    """
    until_value = literal(until, UtcDateTime)
    later = case((StatusList.published_until > until_value, StatusList.published_until), else_=until_value)
    with write() as session:
        done = session.execute(
            update(StatusList)
            .where(StatusList.id == list_id, StatusList.version == version)
            .values(published_until=later)
            .returning(StatusList.id)
            .execution_options(synchronize_session=False)
        )
        return done.first() is not None
