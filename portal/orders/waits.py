"""Since when the order, the extension or the mail that has waited longest waits; quick for a long queue too.

Only the first of a queue are looked at: nobody behind them is more overdue.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.database import db
from portal.orders.models import Extension, Mail, Order
from portal.orders.states import EXTENSIONS_OPEN, Status

LOOKED_AT = 200
"""Those that are due first."""


class Queue(StrEnum):
    ORDERS = "orders"
    EXTENSIONS = "extensions"
    MAILS = "mails"


def oldest(queue: Queue) -> datetime | None:
    """None where nobody waits. Raises `SQLAlchemyError`."""
    if queue == Queue.ORDERS:
        waiting = [Order.status == status for status in (Status.WAITING, Status.IN_PROGRESS)]
        return _oldest(Order.ordered_at, Order.due_at, waiting)
    if queue == Queue.EXTENSIONS:
        waiting = [Extension.status == status for status in EXTENSIONS_OPEN]
        return _oldest(Extension.asked_at, Extension.due_at, waiting)
    return _oldest(Mail.created_at, Mail.due_at, [Mail.due_at.is_not(None)])


def _oldest(
    since: InstrumentedAttribute[datetime],
    due_at: InstrumentedAttribute[datetime | None],
    parts: list[ColumnElement[bool]],
) -> datetime | None:
    """Each part is one that an index keeps in the order of `due_at`."""
    found = []
    for part in parts:
        first = select(since.label("since")).where(part).order_by(due_at).limit(LOOKED_AT).subquery()
        found.append(db.session.scalar(select(func.min(first.c.since))))
    return min((moment for moment in found if moment is not None), default=None)
