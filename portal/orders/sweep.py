"""What time does to orders: leases end, codes run out, cards lapse. In small batches."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select

from portal import audit, chores, clock
from portal.database import db, write
from portal.orders import ahead, extensions, issuance, jobs, reminders, retention, telling
from portal.orders.models import Order
from portal.orders.states import Event, Reason, Status
from portal.orders.transitions import Cause, move
from portal.unavailable import is_unavailable

BATCH = 50
SWEEP = audit.Actor("sweep")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Due:
    """An order as it was read; whatever has changed meanwhile wins."""

    id: int
    attempts: int
    claimed_by: str | None


def sweep() -> None:
    """One round. Each step stands for itself: one that fails doesn't keep the others from their work.

    Raises what says that the database can't be used now, since all of them would meet it.
    """
    for step in (
        ahead.bring_back,
        take_back_lost_leases,
        extensions.take_back_lost_leases,
        jobs.put_missing,
        run_out,
        lapse,
        reminders.remind,
        telling.tell_due,
        _issuer_sweep,
        retention.forget,
        *chores.all_of_them(),
    ):
        try:
            step()
        except Exception as error:
            if is_unavailable(error):
                raise
            _log.exception("the sweep's step %s.%s failed", step.__module__, step.__name__)
        finally:
            db.session.rollback()


def take_back_lost_leases() -> int:
    """Orders whose worker died or hangs go back to the queue (or are given up); how many."""
    due = _due(Status.IN_PROGRESS)
    if due:
        with write() as session:
            for order in due:
                issuance.retry(session, order.id, order.attempts, Reason.LEASE_LOST, order.claimed_by)
    return len(due)


def run_out() -> int:
    """Orders whose codes nobody used in time; how many."""
    return _move_due(Status.READY, Event.RUN_OUT)


def lapse() -> int:
    """Cards whose last day has passed; how many."""
    return _move_due(Status.COLLECTED, Event.LAPSE)


def _move_due(status: Status, event: Event) -> int:
    due = _due(status)
    if due:
        with write() as session:
            for order in due:
                move(session, order.id, event, Cause(SWEEP), only=[Order.due_at <= clock.now()])
    return len(due)


def _due(status: Status) -> list[_Due]:
    """In the order of their ids, as whoever locks several orders does: the other way could be a deadlock."""
    rows = db.session.execute(
        select(Order.id, Order.attempts, Order.claimed_by)
        .where(Order.status == status, Order.due_at <= clock.now())
        .order_by(Order.due_at)
        .limit(BATCH)
    )
    return sorted((_Due(*row) for row in rows), key=lambda order: order.id)


def _issuer_sweep() -> None:
    issuance.issuer().sweep()
