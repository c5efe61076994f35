"""The issuance engine: its whole interface is `dispatch(order_id)` and `issue(order_id)`.

The orders table is the queue. A claim is one UPDATE with a lease and a random owner; the card is prepared
outside any transaction; whoever finishes must still hold the claim. Killed anywhere, an order is taken back
when its lease ends, and prepared again with the same reference, for which an issuer makes one card.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal import audit, backoff, clock
from portal.database import db, write
from portal.issuer.interface import CardRequest, Issuer, IssuerRefused
from portal.metrics import metrics
from portal.orders import mails
from portal.orders.card import NotIssuable, card_data
from portal.orders.models import Order
from portal.orders.pulse import Pulse, pulse
from portal.orders.states import Event, Reason, Status
from portal.orders.transitions import Cause, held_by, move, tell_again, write_history
from portal.orders.validity import codes_end
from portal.registry.records import RegistryUnavailable
from portal.settings import settings

BATCH = 50
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
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


@dataclass(frozen=True)
class Outcome:
    """What became of one claimed order: prepared where `event` says so."""

    event: Event
    reason: Reason | None = None


def issuer() -> Issuer:
    """The issuer that `create_app` handed to the orders."""
    return cast(Issuer, current_app.extensions["portal.orders.issuer"])


def dispatch(order_id: int) -> None:  # noqa: ARG001 — other engines enqueue this very order
    """Say that an order is due. The thread, where there is one, wakes up."""
    _pulse().wake()


def issue(order_id: int) -> bool:
    """Prepare the card of one order; may run twice, the second run finds the work done.

    True if this run did it.
    """
    return _work(_claim(1, order_id)) == 1


def issue_due() -> int:
    """Claim and prepare the orders that are due, up to a batch; how many were claimed."""
    claimed = _claim(BATCH)
    _work(claimed)
    return len(claimed)


def _pulse() -> Pulse:
    return pulse(current_app._get_current_object())  # type: ignore[attr-defined]


def _claim(limit: int, order_id: int | None = None) -> list[Claimed]:
    now = clock.now()
    due = select(Order.id).where(Order.status == Status.WAITING, Order.due_at <= now)
    if order_id is not None:
        due = due.where(Order.id == order_id)
    if db.session.scalar(due.limit(1)) is None:
        return []  # nothing to do needs no write
    owner = secrets.token_hex(16)
    chosen = due.order_by(Order.due_at, Order.id).limit(limit).with_for_update(skip_locked=True)
    # PostgreSQL would run the subquery again for each row unless it is materialized.
    queue = chosen.cte("queue").prefix_with("MATERIALIZED", dialect="postgresql")
    with write() as session:
        rows = session.execute(
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
        for row in rows:
            write_history(session, row.id, Event.CLAIM, (Status.WAITING, Status.IN_PROGRESS), Cause(ENGINE))
    return [Claimed(*row, claimed_by=owner) for row in rows]


def _work(claimed: Sequence[Claimed]) -> int:
    """Prepare what was claimed and write down what became of it; how many became ready."""
    if not claimed:
        return 0
    outcomes = {order.id: Outcome(Event.PREPARED) for order in claimed}
    requests = []
    for order in claimed:
        try:
            requests.append(_request(order))
        except NotIssuable:
            outcomes[order.id] = Outcome(Event.GIVE_UP, Reason.NOT_ELIGIBLE)
        except RegistryUnavailable:
            outcomes[order.id] = Outcome(Event.TRY_AGAIN, Reason.REGISTRY_UNAVAILABLE)
    db.session.rollback()  # no read transaction stays open while the issuer works
    answers = _prepare(requests)
    for order in claimed:
        if isinstance(answer := answers.get(order.public_id), Exception):
            outcomes[order.id] = _failure(answer)
    return _finish(claimed, outcomes)


def _request(order: Claimed) -> CardRequest:
    return CardRequest(order.public_id, card_data(db.session(), order.student_id, order.valid_until))


def _prepare(requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
    """One order's surprise must not stop the others, nor the thread: it counts as "unknown, ask again"."""
    if not requests:
        return {}
    try:
        return issuer().prepare(requests)
    except Exception as error:
        _log.exception("the issuer failed for %d orders", len(requests))
        return {request.reference: error for request in requests}


def _failure(error: Exception) -> Outcome:
    if isinstance(error, IssuerRefused):
        return Outcome(Event.GIVE_UP, Reason.ISSUER_REFUSED)
    return Outcome(Event.TRY_AGAIN, Reason.ISSUER_UNAVAILABLE)


def _finish(claimed: Sequence[Claimed], outcomes: dict[int, Outcome]) -> int:
    ready: list[datetime] = []
    with write() as session:
        for order in claimed:
            outcome = outcomes[order.id]
            if outcome.event == Event.TRY_AGAIN:
                retry(session, order.id, order.attempts, outcome.reason, order.claimed_by)
            elif outcome.event == Event.GIVE_UP:
                _give_up(session, order, outcome.reason)
            elif ordered_at := _ready(session, order):
                ready.append(ordered_at)
    for ordered_at in ready:
        metrics().issued((clock.now() - ordered_at).total_seconds())
    return len(ready)


def _ready(session: Session, order: Claimed) -> datetime | None:
    """Ready, until its codes run out; when it was ordered. None where the student or another was first."""
    # Not the claim's day: an import may have shortened the order meanwhile.
    asked = select(Order.planned_valid_until, Order.ordered_at).where(Order.id == order.id)
    last_day, ordered_at = session.execute(asked).one()
    runs_out_at = codes_end(clock.now(), settings().offer_lifetime, last_day)
    mine = held_by(order.claimed_by)
    moved = move(session, order.id, Event.PREPARED, Cause(ENGINE), only=mine, due_at=runs_out_at)
    if moved:
        audit.record(session, audit.Event.CARD_PREPARED, actor=ENGINE, subject=order.public_id)
        mails.put(session, order.student_id, mails.Kind.CARD_READY, order.public_id)
    else:
        tell_again(session, order.id)
    return ordered_at if moved else None


def _give_up(session: Session, order: Claimed, reason: Reason | None) -> None:
    move(session, order.id, Event.GIVE_UP, Cause(ENGINE, reason), only=held_by(order.claimed_by))


def retry(
    session: Session, order_id: int, attempts: int, reason: Reason | None, claimed_by: str | None
) -> None:
    """Back to the queue after a growing, jittered while; given up once the attempts are used up."""
    if attempts >= MAX_ATTEMPTS:
        gave_up = Cause(ENGINE, Reason.ATTEMPTS_USED_UP)
        move(session, order_id, Event.GIVE_UP, gave_up, only=held_by(claimed_by))
        return
    due_at = clock.now() + retry_after(attempts)
    mine = held_by(claimed_by)
    move(session, order_id, Event.TRY_AGAIN, Cause(ENGINE, reason), only=mine, due_at=due_at)


def retry_after(attempts: int) -> timedelta:
    """How long an order, or an extension, waits after so many attempts."""
    return backoff.wait(attempts, first=FIRST_RETRY, longest=LONGEST_RETRY)
