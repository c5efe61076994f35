"""The issuance engine: its whole interface is `dispatch(session, order_id)` and `issue(order_id)`.

The orders table is the queue, whoever works: a thread of the web process, or workers that jobs tell of what
is due (`jobs.py`). A claim is one UPDATE with a lease and a random owner; the card is prepared outside any
transaction; whoever finishes must still hold the claim. Killed anywhere, an order is taken back when its
lease ends, and prepared again with the same reference, for which an issuer makes one card.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy import Row, Select, event, select, update
from sqlalchemy.orm import Session, SessionTransaction

from portal import audit, backoff, clock
from portal.database import db, write
from portal.issuer.interface import CardRequest, Issuer, IssuerRefused, IssuerUnavailable
from portal.metrics import metrics
from portal.orders import jobs, mails
from portal.orders.card import NotIssuable, card_data
from portal.orders.models import Order
from portal.orders.pulse import Pulse, pulse
from portal.orders.states import Event, Reason, Status
from portal.orders.transitions import Cause, held_by, move, tell_again, write_histories
from portal.orders.validity import codes_end
from portal.registry.records import RegistryUnavailable, legible_records, refer_to
from portal.settings import settings

BATCH = 50
LEASE = timedelta(seconds=60)
CLOCKS_DIFFER = timedelta(seconds=1)
"""How far the clocks of several machines may be apart: a job tells of an order by its writer's clock."""
LEAST_ATTEMPTS = 8
GIVE_UP_AFTER = timedelta(hours=24)
"""An issuer that is away for hours must not make everybody order again who ordered meanwhile."""
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=10)
ENGINE = audit.Actor("issuance")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """An order that this run may work on until its lease ends."""

    id: int
    public_id: str
    student_id: int
    valid_until: date
    attempts: int
    claimed_by: str


_Ready = Row[date, datetime]
"""An order's last day, and when it was ordered."""


@dataclass(frozen=True)
class Outcome:
    """What became of one claimed order: prepared where `event` says so."""

    event: Event
    reason: Reason | None = None


NO_REGISTRY = Outcome(Event.TRY_AGAIN, Reason.REGISTRY_UNAVAILABLE)


def issuer() -> Issuer:
    """The issuer that `create_app` handed to the orders."""
    return cast(Issuer, current_app.extensions["portal.orders.issuer"])


def dispatch(session: Session, order_id: int, at: datetime | None = None) -> None:
    """Say, in the caller's transaction, that an order or its extension is due at `at`; None: now.

    Workers get a job in that very transaction. The thread, where there is one, is woken by its end.
    """
    if jobs.wanted():
        jobs.put(session, [order_id], at)
    elif at is None:
        _wake_after(session)


def issue(order_id: int, *, along: int = 0) -> bool:
    """Prepare the card of one order; may run twice, the second run finds the work done.

    Where there is work, up to `along` other orders that are due are prepared with it: a transaction costs
    about the same for one as for fifty. True if this run did it.
    """
    return _work(_claim(1 + along, order_id)) > 0


def issue_due() -> int:
    """Claim and prepare the orders that are due, up to a batch; how many were claimed."""
    claimed = _claim(BATCH)
    _work(claimed)
    return len(claimed)


def due_until() -> datetime:
    """What is due until then may be claimed now."""
    return clock.now() + (CLOCKS_DIFFER if jobs.wanted() else timedelta())


def heart() -> Pulse:
    """The pulse of this application's engine."""
    return pulse(current_app._get_current_object())  # type: ignore[attr-defined]


def _wake_after(session: Session) -> None:
    """Woken before the commit, the thread would find nothing, and look again half a second later."""
    wake = heart().wake

    @event.listens_for(session, "after_transaction_end")
    def ended(_session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            wake()


def _claim(limit: int, order_id: int | None = None) -> list[Claimed]:
    """Claim this order and others that are due, or nothing where it is not due; without one, what is due."""
    due = select(Order.id).where(Order.status == Status.WAITING, Order.due_at <= due_until())
    first = due.order_by(Order.due_at, Order.id)
    queues = [first.limit(limit)]
    if order_id is not None:
        queues = [due.where(Order.id == order_id), first.limit(limit - 1)]
    if db.session.scalar(queues[0].limit(1)) is None:
        return []  # nothing to do needs no write
    owner = secrets.token_hex(16)
    with write() as session:
        rows = [row for queue in queues for row in _take(session, queue, owner)]
        found = [row.id for row in rows]
        if found:
            claim = (Status.WAITING, Status.IN_PROGRESS)
            write_histories(session, found, Event.CLAIM, claim, Cause(ENGINE))
        jobs.withdraw(session, found)
    # Whoever locks several orders does so in the order of their ids: the other way could be a deadlock.
    return [Claimed(*row, claimed_by=owner) for row in sorted(rows, key=lambda row: row.id)]


def _take(session: Session, chosen: Select[int], owner: str) -> Sequence[Row[int, str, int, date, int]]:
    now = clock.now()
    # PostgreSQL would run the subquery again for each row unless it is materialized.
    queue = (
        chosen.with_for_update(skip_locked=True)
        .cte("queue")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return session.execute(
        update(Order)
        .where(Order.id.in_(select(queue.c.id)), Order.status == Status.WAITING)
        .values(
            status=Status.IN_PROGRESS,
            version=Order.version + 1,
            status_at=now,
            reason=None,
            claimed_by=owner,
            attempts=Order.attempts + 1,
            due_at=now + LEASE,
        )
        .returning(Order.id, Order.public_id, Order.student_id, Order.planned_valid_until, Order.attempts)
        .execution_options(synchronize_session=False)
    ).all()


def _work(claimed: Sequence[Claimed]) -> int:
    """Prepare what was claimed and write down what became of it; how many became ready."""
    if not claimed:
        return 0
    with heart().working_on({order.claimed_by for order in claimed}):
        return _carry_out(claimed)


def _carry_out(claimed: Sequence[Claimed]) -> int:
    requests, outcomes = _requests(claimed)
    db.session.rollback()  # no read transaction stays open while the issuer works
    answers = _prepare(list(requests.values()))
    for order_id, request in requests.items():
        answer = answers.get(request.reference, IssuerUnavailable())
        outcomes[order_id] = Outcome(Event.PREPARED) if answer is None else _failure(answer)
    return _finish(claimed, outcomes)


def _requests(claimed: Sequence[Claimed]) -> tuple[dict[int, CardRequest], dict[int, Outcome]]:
    """What to ask the issuer for, and what became of those that it need not be asked for, by order."""
    requests: dict[int, CardRequest] = {}
    outcomes: dict[int, Outcome] = {}
    try:
        records = legible_records(db.session(), [order.student_id for order in claimed])
    except RegistryUnavailable:
        return requests, {order.id: NO_REGISTRY for order in claimed}
    for order in claimed:
        try:
            data = card_data(db.session(), records[order.student_id], order.valid_until)
        except NotIssuable:
            outcomes[order.id] = Outcome(Event.GIVE_UP, Reason.NOT_ELIGIBLE)
        except (RegistryUnavailable, KeyError):
            outcomes[order.id] = NO_REGISTRY
        else:
            requests[order.id] = CardRequest(order.public_id, data)
    return requests, outcomes


def _prepare(requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
    """One order's surprise must not stop the others, nor the thread: it counts as "unknown, ask again"."""
    if not requests:
        return {}
    try:
        return issuer().prepare(requests)
    except IssuerUnavailable as error:
        _log.warning("the issuer does not answer, and %d orders wait", len(requests))
        return {request.reference: error for request in requests}
    except Exception as error:
        _log.exception("the issuer failed for %d orders", len(requests))
        return {request.reference: error for request in requests}


def _failure(error: Exception) -> Outcome:
    if isinstance(error, IssuerRefused):
        return Outcome(Event.GIVE_UP, Reason.ISSUER_REFUSED)
    return Outcome(Event.TRY_AGAIN, Reason.ISSUER_UNAVAILABLE)


def _finish(claimed: Sequence[Claimed], outcomes: dict[int, Outcome]) -> int:
    from portal.orders import lining_up  # it needs this module

    ready: dict[Claimed, _Ready] = {}
    with write() as session:
        refer_to(session, [order.student_id for order in claimed])
        for order in claimed:
            outcome = outcomes[order.id]
            if outcome.event == Event.TRY_AGAIN:
                retry(session, order.id, order.attempts, outcome.reason, order.claimed_by)
            elif outcome.event == Event.GIVE_UP:
                _give_up(session, order, outcome.reason)
            elif found := _ready(session, order):
                ready[order] = found
        _tell(session, ready)
    for _last_day, ordered_at in ready.values():
        metrics().issued((clock.now() - ordered_at).total_seconds())
    lining_up.prepared({order: last_day for order, (last_day, _at) in ready.items()})
    return len(ready)


def _ready(session: Session, order: Claimed) -> _Ready | None:
    """Ready, until its codes run out; None where the student or another was first."""
    # Not the claim's day: an import may have shortened the order meanwhile.
    asked = select(Order.planned_valid_until, Order.ordered_at).where(Order.id == order.id)
    last_day, _ordered_at = found = session.execute(asked.with_for_update()).one()
    runs_out_at = codes_end(clock.now(), settings().offer_lifetime, last_day)
    mine = held_by(order.claimed_by)
    if move(session, order.id, Event.PREPARED, Cause(ENGINE), only=mine, due_at=runs_out_at):
        return found
    tell_again(session, order.id)
    return None


def _tell(session: Session, ready: Collection[Claimed]) -> None:
    """Audit and students, of all at once: a statement for each would cost more than all the rest."""
    for order in ready:
        audit.record(session, audit.Event.CARD_PREPARED, actor=ENGINE, subject=order.public_id)
    occasions = {order.student_id: order.public_id for order in ready}
    mails.put_all(session, mails.Kind.CARD_READY, occasions)


def _give_up(session: Session, order: Claimed, reason: Reason | None) -> None:
    move(session, order.id, Event.GIVE_UP, Cause(ENGINE, reason), only=held_by(order.claimed_by))


def retry(
    session: Session, order_id: int, attempts: int, reason: Reason | None, claimed_by: str | None
) -> None:
    """Back to the queue after a growing, jittered while; given up a day after it was ordered."""
    if attempts >= LEAST_ATTEMPTS and _is_old(session, order_id):
        gave_up = Cause(ENGINE, Reason.ATTEMPTS_USED_UP)
        move(session, order_id, Event.GIVE_UP, gave_up, only=held_by(claimed_by))
        return
    due_at = clock.now() + retry_after(attempts)
    mine = held_by(claimed_by)
    if move(session, order_id, Event.TRY_AGAIN, Cause(ENGINE, reason), only=mine, due_at=due_at):
        dispatch(session, order_id, due_at)


def _is_old(session: Session, order_id: int) -> bool:
    ordered_at = session.scalars(select(Order.ordered_at).where(Order.id == order_id)).one()
    return clock.now() - ordered_at >= GIVE_UP_AFTER


def retry_after(attempts: int) -> timedelta:
    """How long an order, or an extension, waits after so many attempts."""
    return backoff.wait(attempts, first=FIRST_RETRY, longest=LONGEST_RETRY)
