"""Reminding of a card's end in time: looked up by the sweep, told by a mail.

The notice on the portal's pages (`orders.notices`) needs no sweep: it is worked out when a page is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db, write
from portal.orders import mails
from portal.orders.models import Order
from portal.orders.states import Status
from portal.orders.validity import reminder_at
from portal.registry.records import refer_to

BATCH = 50


@dataclass(frozen=True)
class Due:
    """An order as it was read; whatever has changed meanwhile wins."""

    id: int
    public_id: str
    student_id: int
    remind_at: datetime | None
    planned_valid_until: date


def remind() -> int:
    """Have the owners of cards that end within 30 days told, once for each last day; how many orders it was.

    A card that has ended meanwhile, or whose last day is over, is only struck off the list.
    """
    rows = db.session.execute(
        select(Order.id, Order.public_id, Order.student_id, Order.remind_at, Order.planned_valid_until)
        .where(Order.remind_at <= clock.now())
        .order_by(Order.remind_at, Order.id)
        .limit(BATCH)
    ).all()
    if rows:
        with write() as session:
            refer_to(session, [row.student_id for row in rows])
            for row in sorted(rows, key=lambda row: row.id):
                _remind(session, Due(*row))
    return len(rows)


def _remind(session: Session, order: Due) -> None:
    """Only if the order is still as it was read: an extension sets another time in its own transaction."""
    tell_at = reminder_at(order.planned_valid_until)
    if clock.now() < tell_at:  # noted before anybody knew when: too early
        _look_again(session, order, tell_at)
    elif _look_again(session, order, None) and _to_be_told(session, order):
        occasion = mails.extension_occasion(order.public_id, order.planned_valid_until)
        mails.put(session, order.student_id, mails.Kind.EXTENSION_DUE, occasion)


def _look_again(session: Session, order: Due, at: datetime | None) -> bool:
    unchanged = (
        Order.id == order.id,
        Order.remind_at == order.remind_at,
        Order.planned_valid_until == order.planned_valid_until,
    )
    changed = session.execute(
        update(Order).where(*unchanged).values(remind_at=at).execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", changed).rowcount == 1


def _to_be_told(session: Session, order: Due) -> bool:
    status = session.scalar(select(Order.status).where(Order.id == order.id))
    return status == Status.COLLECTED and clock.today() <= order.planned_valid_until
