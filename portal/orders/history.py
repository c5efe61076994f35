"""What happened to a student's orders and cards, and when: their events and extensions as one story."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from portal.database import db
from portal.orders.models import Extension, Order
from portal.orders.standing import status_now
from portal.orders.states import EXTENSIONS_OPEN, Event, ExtensionEvent, ExtensionStatus, Reason, Status

UNTOLD = frozenset({Event.CLAIM})
"""Of no meaning to anybody but the engine."""
IN_APP = frozenset({Event.COLLECT, Event.REFRESH, Event.DELETED_IN_WALLET})
"""What the app told of its copy."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened. The days are the card's last one before and after, where it moved and that is
    known."""

    at: datetime
    what: Event | ExtensionEvent
    reason: Reason | None
    old_day: date | None = None
    new_day: date | None = None


@dataclass(frozen=True)
class PastOrder:
    """An order (the running one too) with its entries, oldest first."""

    ordered_at: datetime
    status: Status
    entries: tuple[Entry, ...]

    @property
    def removed_from_app(self) -> bool:
        """Whether the last word of the app was that its holder removed the card."""
        told = [entry.what for entry in self.entries if entry.what in IN_APP]
        return told[-1:] == [Event.DELETED_IN_WALLET]


@dataclass(frozen=True)
class History:
    """A student's orders, newest first; `total` counts those beyond the limit too."""

    orders: tuple[PastOrder, ...]
    total: int


def of_student(student_id: int, limit: int | None = None) -> History:
    """The student's newest orders, up to `limit`, with all that happened to them."""
    orders = db.session.scalars(
        select(Order)
        .where(Order.student_id == student_id)
        .options(selectinload(Order.events))
        .order_by(Order.id.desc())
        .limit(limit)
    ).all()
    extensions = _extensions([order.id for order in orders])
    told = tuple(_told(order, extensions.get(order.id, ())) for order in orders)
    return History(told, len(told) if limit is None or len(told) < limit else _count(student_id))


def _count(student_id: int) -> int:
    return db.session.scalar(select(func.count()).where(Order.student_id == student_id)) or 0


def _extensions(order_ids: Sequence[int]) -> dict[int, list[Extension]]:
    found = defaultdict(list)
    rows = select(Extension).where(Extension.order_id.in_(order_ids)).order_by(Extension.id)
    for extension in db.session.scalars(rows):
        found[extension.order_id].append(extension)
    return found


def _told(order: Order, extensions: Sequence[Extension]) -> PastOrder:
    entries = [*_of_card(order, extensions), *_unfinished(extensions)]
    return PastOrder(order.ordered_at, status_now(order), tuple(sorted(entries, key=lambda entry: entry.at)))


def _of_card(order: Order, extensions: Sequence[Extension]) -> Iterator[Entry]:
    """The order's own events; where the card's last day moved, with the days, as far as they are known."""
    done = iter([extension for extension in extensions if extension.status == ExtensionStatus.DONE])
    moved = [event.id for event in order.events if event.event in (Event.EXTEND, Event.SHORTEN)]
    for event in order.events:
        what = Event(event.event)
        if what in UNTOLD:
            continue
        reason = Reason(event.reason) if event.reason else None
        made = next(done, None) if what == Event.EXTEND else None
        if made is not None:
            yield Entry(event.at, what, reason, made.old_valid_until, made.new_valid_until)
        elif what == Event.SHORTEN and event.id == moved[-1]:
            yield Entry(event.at, what, reason, new_day=order.planned_valid_until)
        else:
            yield Entry(event.at, what, reason)


def _unfinished(extensions: Sequence[Extension]) -> Iterator[Entry]:
    """Extensions that the card's own events don't tell of: under way, failed, dropped."""
    ends = {
        ExtensionStatus.FAILED: ExtensionEvent.GIVE_UP,
        ExtensionStatus.DROPPED: ExtensionEvent.DROP,
    }
    for extension in extensions:
        status = ExtensionStatus(extension.status)
        if status in EXTENSIONS_OPEN or status in ends:
            days = (extension.old_valid_until, extension.new_valid_until)
            yield Entry(extension.asked_at, ExtensionEvent.ASK, None, *days)
        if status in ends:
            reason = Reason(extension.reason) if extension.reason else None
            yield Entry(extension.status_at, ends[status], reason)
