"""Keeping and forgetting: some time after somebody left, what the portal keeps of them is erased.

`settings().retention_months` after the end of their status (`PORTAL_RETENTION`) nothing is left of people
without a live order but an empty row of the registry (`registry.forgetting` says why) and the audit trail,
which knows them by random ids only. Mails of anybody are written off after the same while.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from sqlalchemy import ColumnElement, CursorResult, Delete, delete, func, or_, select
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.database import db, in_turn, write
from portal.identity import Account, Role
from portal.issuer.interface import IssuerUnavailable
from portal.orders.issuance import issuer
from portal.orders.models import Extension, Mail, Order, OrderEvent
from portal.orders.states import LIVE
from portal.registry import forgetting
from portal.registry.models import Student
from portal.settings import settings

PEOPLE = 20
MAILS = 500
"""How many of each go in one round, and so in one transaction."""
LOOK_EVERY = timedelta(hours=1)
"""How long nobody looks again once nothing was due: what is kept for months needs no hurry."""
RETENTION = audit.Actor("retention")
_LOOKED_AT = "portal.orders.retention.looked_at"

_log = logging.getLogger(__name__)


@dataclass
class Erased:
    """What one round erased."""

    people: int = 0
    orders: int = 0
    mails: int = 0

    def __bool__(self) -> bool:
        return bool(self.people or self.orders or self.mails)

    def __str__(self) -> str:
        return f"people={self.people} orders={self.orders} mails={self.mails}"


def forget() -> int:
    """One small round, the next one at once while there is more; how many people were forgotten.

    The issuer forgets first, in its own transaction; killed in between, the next round finds the same people.
    """
    if _looked_lately():
        return 0
    limit = clock.months_ago(settings().retention_months)
    due = db.session.scalars(
        select(Student.id).where(*_due(limit)).order_by(Student.left_at).limit(PEOPLE)
    ).all()
    mails = db.session.scalars(select(Mail.id).where(*_done_with(limit)).limit(MAILS)).all()
    if not due and not mails:
        _look_again_later()
        return 0
    try:
        _forget_cards(due)
    except IssuerUnavailable:
        _log.warning("the issuer does not answer, so nobody is forgotten for now")
        _look_again_later()
        return 0
    return _erase(due, mails, limit)


def _looked_lately() -> bool:
    looked_at = current_app.extensions.get(_LOOKED_AT)
    # A clock that was set back must not put the next look off for as long.
    return looked_at is not None and abs(clock.now() - looked_at) < LOOK_EVERY


def _look_again_later() -> None:
    current_app.extensions[_LOOKED_AT] = clock.now()


def _due(limit: datetime) -> tuple[ColumnElement[bool], ...]:
    """Left before `limit`, and nothing of theirs goes on: no live order, no card still to be revoked."""
    going_on = select(Order.id).where(
        Order.student_id == Student.id, or_(Order.status.in_(LIVE), Order.issuer_told_at.is_(None))
    )
    return Student.left_at <= limit, forgetting.KNOWN, ~going_on.exists()


def _done_with(limit: datetime) -> tuple[ColumnElement[bool], ...]:
    """Mails that were sent, or given up, before `limit`."""
    # None was sent before it was written, and by that time an index finds the old ones.
    old = (Mail.created_at <= limit, func.coalesce(Mail.sent_at, Mail.created_at) <= limit)
    return Mail.due_at.is_(None), *old


def _forget_cards(students: Sequence[int]) -> None:
    """Have the issuer erase their cards. May run twice. Raises `IssuerUnavailable`."""
    references = db.session.scalars(select(Order.public_id).where(Order.student_id.in_(students))).all()
    db.session.rollback()  # no read transaction stays open while the issuer works
    if references:
        issuer().forget(references)


def _erase(students: Sequence[int], mails: Sequence[int], limit: datetime) -> int:
    erased = Erased()
    with write() as session:
        in_turn(session, forgetting.REGISTRY)
        still_due = session.scalars(select(Student.id).where(Student.id.in_(students), *_due(limit))).all()
        gone = forgetting.forget(session, still_due, limit)
        of_orders = select(Order.id).where(Order.student_id.in_(gone))
        _run(session, delete(OrderEvent).where(OrderEvent.order_id.in_(of_orders)))
        _run(session, delete(Extension).where(Extension.order_id.in_(of_orders)))
        erased.people = len(gone)
        erased.orders = _run(session, delete(Order).where(Order.student_id.in_(gone)))
        erased.mails = _run(session, delete(Mail).where(Mail.student_id.in_(gone)))
        erased.mails += _run(session, delete(Mail).where(Mail.id.in_(mails), *_done_with(limit)))
        _run(session, delete(Account).where(Account.student_id.in_(gone), Account.role == Role.STUDENT))
        if erased:
            audit.record(session, audit.Event.DATA_ERASED, actor=RETENTION, detail=str(erased))
    return erased.people


def _run(session: Session, statement: Delete) -> int:
    done = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", done).rowcount
