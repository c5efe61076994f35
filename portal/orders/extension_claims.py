"""Which extensions a run may work on: the queue's only reader."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Row, Select, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.orders import jobs
from portal.orders.extension_steps import show_anew
from portal.orders.issuance import LEASE, due_until
from portal.orders.models import Extension, Order
from portal.orders.states import ExtensionStatus, Status

BATCH = 50


@dataclass(frozen=True)
class Claimed:
    """An extension that this run may work on until its lease ends."""

    id: int
    order_id: int
    public_id: str
    student_id: int
    live: bool
    """Whether the card was collected and not past its last day when the claim was made."""
    valid_until: date
    """The order's last day then: the finish counts only while it is still the same."""
    new_valid_until: date
    attempts: int
    claimed_by: str

    @property
    def maybe_done(self) -> bool:
        """An earlier claim may have asked the issuer, and got no further."""
        return self.attempts > 1


def claim(session: Session, order_ids: Sequence[int] | None = None, *, along: int = 0) -> list[Claimed]:
    """Claim what is due, or what is due of these orders and up to `along` others, in the caller's
    transaction.

    All in one call: their orders are locked once all are known, so that nobody waits in a circle.
    """
    owner = secrets.token_hex(16)
    rows = list(_take(session, due_now(order_ids), BATCH, owner))
    if along:
        rows += _take(session, due_now(), along, owner)
    if not rows:
        return []
    claimed = [row.order_id for row in rows]
    show_anew(session, claimed)
    jobs.withdraw(session, claimed)
    orders = _orders(session, claimed)
    return [
        Claimed(row.id, row.order_id, *orders[row.order_id], row.new_valid_until, row.attempts, owner)
        for row in sorted(rows, key=lambda row: row.order_id)
    ]


def _take(session: Session, due: Select[int], limit: int, owner: str) -> Sequence[Row[int, int, date, int]]:
    now = clock.now()
    chosen = due.order_by(Extension.due_at, Extension.id).limit(limit)
    # PostgreSQL would run the subquery again for each row unless it is materialized.
    queue = chosen.with_for_update(skip_locked=True).cte("queue")
    queue = queue.prefix_with("MATERIALIZED", dialect="postgresql")
    return session.execute(
        update(Extension)
        .where(Extension.id.in_(select(queue.c.id)), Extension.status == ExtensionStatus.WAITING)
        .values(
            status=ExtensionStatus.IN_PROGRESS,
            status_at=now,
            reason=None,
            claimed_by=owner,
            attempts=Extension.attempts + 1,
            due_at=now + LEASE,
        )
        .returning(Extension.id, Extension.order_id, Extension.new_valid_until, Extension.attempts)
        .execution_options(synchronize_session=False)
    ).all()


def due_now(order_ids: Sequence[int] | None = None) -> Select[int]:
    """The extensions that are due, or those of these orders."""
    chosen = select(Extension.id).where(
        Extension.status == ExtensionStatus.WAITING, Extension.due_at <= due_until()
    )
    return chosen if order_ids is None else chosen.where(Extension.order_id.in_(order_ids))


def still_good(status: str, valid_until: date) -> bool:
    """Whether an order is a collected card, its last day not over."""
    return status == Status.COLLECTED and valid_until >= clock.today()


def _orders(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, int, bool, date]]:
    rows = session.execute(
        select(Order.id, Order.public_id, Order.student_id, Order.status, Order.planned_valid_until).where(
            Order.id.in_(ids)
        )
    )
    return {
        row.id: (
            row.public_id,
            row.student_id,
            still_good(row.status, row.planned_valid_until),
            row.planned_valid_until,
        )
        for row in rows
    }
