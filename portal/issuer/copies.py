"""Issued copies, their revocation, and what was told about the status lists that they stand in.

Whoever changes the rows of several lists does so in the order of their numbers, so that nobody waits in a
circle, and has locked the cards before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, insert, literal, select, union_all, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import UtcDateTime, db
from portal.issuer.models import Card, IssuedCopy, StatusList
from portal.issuer.places import Slot


@dataclass(frozen=True)
class _Live:
    """A copy that is to be revoked."""

    id: int
    list_id: int
    expires_at: datetime


@dataclass(frozen=True)
class _Bumped:
    """What a list's row says of a revocation that goes on."""

    version: int
    published_until: datetime | None
    """The latest `exp` that any signed list so far has; none of them shows the revocation."""


def replace(session: Session, slot: Slot, *, card_id: int, **columns: Any) -> None:
    """Revoke every copy of this locked card and add the next one.

    Raises `IntegrityError` where the place was taken meanwhile.
    """
    _revoke(session, _live(session, IssuedCopy.card_id == card_id), slot.list_id)
    session.execute(insert(IssuedCopy).values(list_id=slot.list_id, idx=slot.idx, card_id=card_id, **columns))


def revoke_all(session: Session, card_ids: Collection[int]) -> None:
    """Revoke every copy of these locked cards."""
    _revoke(session, _live(session, IssuedCopy.card_id.in_(card_ids)))


def is_live(session: Session, copy_id: int) -> bool:
    """Whether this copy of a locked card is not revoked."""
    return bool(_live(session, IssuedCopy.id == copy_id))


def revoke_one(session: Session, copy_id: int) -> None:
    """Revoke this copy of a locked card."""
    _revoke(session, _live(session, IssuedCopy.id == copy_id))


def _live(session: Session, which: ColumnElement[bool]) -> list[_Live]:
    found = select(IssuedCopy.id, IssuedCopy.list_id, IssuedCopy.expires_at).where(
        which, IssuedCopy.revoked_at.is_(None)
    )
    return [_Live(*copy) for copy in session.execute(found)]


def _revoke(session: Session, live: Sequence[_Live], filled: int | None = None) -> None:
    """Revoke these, and count a place taken in the list `filled`: each list's row is changed once."""
    alike = defaultdict(list)
    for copy in live:
        alike[copy.list_id, copy.expires_at].append(copy.id)
    stale = {copy.list_id for copy in live}
    bumped: dict[int, _Bumped] = {}
    for list_id in sorted(stale | ({filled} if filled is not None else set())):
        bumped[list_id] = _change(session, list_id, stale=list_id in stale, filled=list_id == filled)
    for (list_id, expires_at), ids in alike.items():
        session.execute(
            update(IssuedCopy)
            .where(IssuedCopy.id.in_(ids), IssuedCopy.revoked_at.is_(None))
            .values(
                revoked_at=clock.now(),
                revoked_in=bumped[list_id].version,
                looks_valid_until=_latest_look(bumped[list_id].published_until, expires_at),
            )
            .execution_options(synchronize_session=False)
        )


def _change(session: Session, list_id: int, *, stale: bool, filled: bool) -> _Bumped:
    """Make every signed list so far stale, count a place taken.

    The row is locked by the update before it is read, so a list that is being published at this moment is
    either counted here or finds its version gone.
    """
    row = session.execute(
        update(StatusList)
        .where(StatusList.id == list_id)
        .values(version=StatusList.version + int(stale), taken=StatusList.taken + int(filled))
        .returning(StatusList.version, StatusList.published_until)
        .execution_options(synchronize_session=False)
    ).one()
    return _Bumped(*row)


def _latest_look(published_until: datetime | None, expires_at: datetime) -> datetime:
    """Where no list was ever handed out, nobody can show that the copy is good: it ends now."""
    now = clock.now()
    return min(max(published_until or now, now), max(expires_at, now))


def looks_valid_until(references: Collection[str]) -> dict[str, datetime]:
    """The latest instant at which any copy of each card may look valid to somebody offline.

    For a copy that is not revoked: what the answer would be if it were revoked now. A card without a copy is
    left out.
    """
    copies = db.session.execute(
        select(
            Card.reference, IssuedCopy.looks_valid_until, IssuedCopy.expires_at, StatusList.published_until
        )
        .join(IssuedCopy, IssuedCopy.card_id == Card.id)
        .join(StatusList, StatusList.id == IssuedCopy.list_id)
        .where(Card.reference.in_(references))
    ).all()
    ends: dict[str, datetime] = {}
    for copy in copies:
        end = copy.looks_valid_until or _latest_look(copy.published_until, copy.expires_at)
        ends[copy.reference] = max(end, ends.get(copy.reference, end))
    return ends


def revoked_indexes(list_id: int, after: int, until: int) -> Sequence[int]:
    """The bits that the list's versions after `after`, and up to `until`, set."""
    those = select(IssuedCopy.idx).where(
        IssuedCopy.list_id == list_id, IssuedCopy.revoked_in > after, IssuedCopy.revoked_in <= until
    )
    return db.session.scalars(union_all(those, select(IssuedCopy.idx).where(*_of_no_version(list_id)))).all()


def _of_no_version(list_id: int) -> tuple[ColumnElement[bool], ...]:
    """Revoked by a process of a release that noted no version: one may go on while others are new already."""
    return IssuedCopy.list_id == list_id, IssuedCopy.revoked_at.is_not(None), IssuedCopy.revoked_in.is_(None)


def publish(session: Session, list_id: int, version: int, until: datetime) -> bool:
    """Write down that a token of this version, good `until` then, will be handed out.

    False where the list has changed since: the token must not be handed out. The row is locked either way.
    Whoever revoked without noting a version raised it all the same: so this version shows that.
    """
    until_value = literal(until, UtcDateTime)
    later = case((StatusList.published_until > until_value, StatusList.published_until), else_=until_value)
    done = session.execute(
        update(StatusList)
        .where(StatusList.id == list_id, StatusList.version == version)
        .values(published_until=later)
        .returning(StatusList.id)
        .execution_options(synchronize_session=False)
    )
    if done.first() is None:
        return False
    session.execute(
        update(IssuedCopy)
        .where(*_of_no_version(list_id))
        .values(revoked_in=version)
        .execution_options(synchronize_session=False)
    )
    return True
