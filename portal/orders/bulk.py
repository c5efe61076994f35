"""Extending every card that can be extended now, beside a portal at work: small steps, short pauses.

Stopped or killed at any moment it has written nothing by halves, and the next run goes on where it stopped:
what is extended is no longer due, and what was asked for is the engine's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, exists, func, select

from portal import audit, clock
from portal.database import db, write
from portal.orders import eligibility, extensions, validity
from portal.orders.extension_claims import claim
from portal.orders.extension_requests import ENDED, NOT_ELIGIBLE, Outcome
from portal.orders.models import Extension, Order
from portal.orders.states import EXTENSIONS_OPEN, ExtensionEvent, Status
from portal.registry.records import StudentRecord, legible_records
from portal.settings import settings

BATCH = 20
"""Cards a transaction: whoever orders meanwhile waits for no more than these."""
REST = 0.5
"""How long it rests after a batch, of the time that the batch took: the portal's writers have their turn."""

_OPEN = Extension.status.in_(EXTENSIONS_OPEN)

Progress = Callable[[int, int], None]
"""Told how many cards have been looked at, and of how many."""


@dataclass
class Tally:
    """What became of the cards that were looked at."""

    extended: int = 0
    nothing_later: int = 0
    """Good as long as they can be, or being extended already."""
    not_possible: int = 0
    """A later day would be there, but a criterion is not met; or the card ended meanwhile."""
    failed: int = 0
    under_way: int = 0
    """Asked for by such runs and not finished yet: the engine goes on with them."""
    stopped: bool = False

    def count(self, done: Counter[Outcome]) -> None:
        for outcome, number in done.items():
            if outcome.event == ExtensionEvent.FINISH:
                self.extended += number
            elif outcome in (NOT_ELIGIBLE, ENDED):
                self.not_possible += number
            elif outcome.event == ExtensionEvent.GIVE_UP:
                self.failed += number


def run(tally: Tally, *, dry_run: bool, stop: Callable[[], bool], progress: Progress) -> None:
    """Extend all that is due, counting into `tally`; a dry run writes nothing and only counts.

    Ends early, with `tally.stopped`, once `stop` says so. Raises `RegistryUnavailable` where the registry
    can't be read, `SQLAlchemyError` where the database can't.
    """
    if not dry_run:
        _go_on(tally, stop)
    total = _count(select(Order.id).where(*_extendable()))
    looked_at = last = 0
    while not stop() and (orders := _next(last)):
        last, looked_at = orders[-1].id, looked_at + len(orders)
        with _resting(0 if dry_run else REST):
            _batch(orders, tally, dry_run=dry_run)
        progress(looked_at, max(total, looked_at))
    tally.stopped = stop()
    tally.under_way = _count(select(Extension.id).where(_OPEN, Extension.asked_by == audit.COMMAND_LINE.name))


def record(tally: Tally) -> None:
    """The audit's line of a run that wrote something."""
    detail = (
        f"extended {tally.extended}, not possible {tally.not_possible}, failed {tally.failed}, "
        f"under way {tally.under_way}{', stopped' if tally.stopped else ''}"
    )
    event = audit.Event.EXTENSIONS_ASKED_FOR_ALL
    with write() as session:
        audit.record(session, event, actor=audit.COMMAND_LINE, detail=detail)


def _go_on(tally: Tally, stop: Callable[[], bool]) -> None:
    """What a run that was killed has left behind, where no portal runs whose engine has done it."""
    extensions.take_back_lost_leases()
    while not stop():
        with _resting(REST):
            with write() as session:
                claimed = claim(session)
            tally.count(extensions.work(claimed))
        if not claimed:
            return


@contextmanager
def _resting(share: float) -> Iterator[None]:
    """Rest after the block, for this share of the time that it took."""
    start = time.monotonic()
    yield
    time.sleep((time.monotonic() - start) * share)


def _count(rows: Select[int]) -> int:
    return db.session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _extendable() -> tuple[ColumnElement[bool], ...]:
    extending = exists().where(Extension.order_id == Order.id, _OPEN)
    return (Order.status == Status.COLLECTED, Order.planned_valid_until >= clock.today(), ~extending)


def _next(last: int) -> Sequence[Order]:
    return db.session.scalars(
        select(Order).where(Order.id > last, *_extendable()).order_by(Order.id).limit(BATCH)
    ).all()


def _batch(orders: Sequence[Order], tally: Tally, *, dry_run: bool) -> None:
    records = legible_records(db.session(), [order.student_id for order in orders])
    due: dict[int, date] = {}
    for order in orders:
        record = records.get(order.student_id)
        day = None if record is None else _later(record, order)
        if record is None:
            tally.failed += 1
        elif day is None:
            tally.nothing_later += 1
        elif not _may(record):
            tally.not_possible += 1
        else:
            due[order.id] = day
    if dry_run:
        tally.extended += len(due)
    elif due:
        _extend([order for order in orders if order.id in due], due, tally)


def _extend(orders: Sequence[Order], due: Mapping[int, date], tally: Tally) -> None:
    """Asked for and claimed in one transaction, so that the portal's own thread isn't drawn into the work."""
    keys = {order.id: order.student_id for order in orders}
    with write() as session:
        asked = [
            order.id
            for order in session.scalars(select(Order).where(Order.id.in_(keys)).order_by(Order.id))
            if extensions.ask(session, order, due[order.id], audit.COMMAND_LINE)
        ]
        claimed = claim(session, asked)
    tally.not_possible += len(keys) - len(asked)
    tally.count(extensions.work(claimed))


def _later(record: StudentRecord, order: Order) -> date | None:
    return validity.later(record, settings().policy, clock.today(), order.planned_valid_until)


def _may(record: StudentRecord) -> bool:
    return eligibility.check(record, settings().policy, clock.today()).may_order
