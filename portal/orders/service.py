"""What students and staff may do with orders. Faces ask here and show the answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.issuer.interface import Offer
from portal.orders import codes, eligibility, endings, extensions, issuance, telling, validity
from portal.orders.models import Order
from portal.orders.standing import Standing, current_for, overdue, readable_record, status_now
from portal.orders.states import LIVE, Event, Reason, Status
from portal.orders.transitions import Cause, move, write_history
from portal.registry.records import hold
from portal.settings import settings

__all__ = [
    "NotEligible",
    "OutOfTurn",
    "Standing",
    "cancel",
    "current_for",
    "extend",
    "newest",
    "open_offer",
    "owned",
    "place",
    "renew_codes",
    "replace_phone",
    "revoke",
    "revoke_by_university",
]


class NotEligible(Exception):
    """The student may not order now; the checklist says why."""


class OutOfTurn(Exception):
    """The order's state has no such step (any more). Nothing was written."""


def owned(student_id: int, public_id: str) -> Order:
    """The student's own order. Raises `LookupError` for an unknown id and for anybody else's alike."""
    order = db.session.scalar(
        select(Order).where(Order.public_id == public_id, Order.student_id == student_id)
    )
    if order is None:
        raise LookupError(public_id)
    return order


def newest(student_id: int, limit: int = 20) -> Sequence[Order]:
    """The student's orders, the newest first."""
    return db.session.scalars(
        select(Order).where(Order.student_id == student_id).order_by(Order.id.desc()).limit(limit)
    ).all()


def open_offer(order: Order) -> Offer | None:
    """The codes to fetch the card by, while there is an open offer. For the owner only."""
    if status_now(order) not in (Status.READY, Status.COLLECTED):
        return None
    return issuance.issuer().current_offer(order.public_id)


def place(student_id: int, actor: Actor) -> str:
    """Order a card; the public id of the new order, or of the live one there is already.

    Raises `NotEligible`; nothing is written then.
    """
    with write() as session:
        hold(session, student_id)  # so that a second press finds the first one's order
        _end_overdue(session, student_id)
        live = _live_order(session, student_id)
        if live is not None:
            return live
        order = _insert(session, student_id, _planned_validity(session, student_id), actor)
        issuance.dispatch(session, order.id)
    return order.public_id


def cancel(order: Order, actor: Actor) -> None:
    """Withdraw an order before it is collected. Raises `OutOfTurn`."""
    _end(order, Event.CANCEL, Cause(actor))


def revoke(order: Order, actor: Actor) -> None:
    """The student invalidates the collected card; the issuer hears of it at once. Raises `OutOfTurn`."""
    _end(order, Event.REVOKE, Cause(actor))


def revoke_by_university(order: Order, actor: Actor, reason: Reason) -> None:
    """The university ends a live order, whatever its status. Raises `OutOfTurn`."""
    _end(order, Event.REVOKE_BY_UNIVERSITY, Cause(actor, reason))


def extend(order: Order, actor: Actor) -> None:
    """„Przedłuż”: the card gets the latest last day that it can have now; the engine sees to it.

    A second press while that is under way is no error. Raises `OutOfTurn` where there is no card or no later
    day, `NotEligible` where the student may not order now; nothing is written then.
    """
    order_id, student_id = order.id, order.student_id
    with write() as session:
        hold(session, student_id)
        now = _as_it_is(session, order_id)
        if now.status != Status.COLLECTED:
            raise OutOfTurn
        if not extensions.under_way(session, now.id):
            planned = _planned_validity(session, now.student_id)
            if not extensions.ask(session, now, planned, actor):
                raise OutOfTurn
            issuance.dispatch(session, order_id)


def replace_phone(order: Order, actor: Actor) -> str:
    """„Mam nowy telefon”: revoke this card and order a new one, in one transaction; the new public id.

    Pressed again, it gives the same new order. Raises `NotEligible` before anything is written where the
    student may not order now, `OutOfTurn` where this is no card to replace (any more).
    """
    order_id, student_id = order.id, order.student_id
    with write() as session:
        hold(session, student_id)
        now = _as_it_is(session, order_id)
        if now.status == Status.REVOKED and now.reason == Reason.NEW_PHONE:
            before = _live_order(session, now.student_id)
            if before is None:
                raise OutOfTurn
            return before
        new = _replace(session, now, actor)
        issuance.dispatch(session, new.id)
    telling.tell_issuer(order_id)
    return new.public_id


def renew_codes(order: Order, actor: Actor) -> None:
    """„Nowe kody”: the old codes are void at once, new ones are there. Raises `OutOfTurn`.

    A collected card only gets new codes while an offer for it is open, or while the app's copy is behind the
    card; its owner else asks for a new phone.
    """
    collected = status_now(order) == Status.COLLECTED
    if collected and open_offer(order) is None and not Standing(order.student_id, order).copy_behind:
        raise OutOfTurn
    order_id, reference = order.id, order.public_id
    with write() as session:
        issuance.issuer().hold(session, reference)
        if not codes.renew(session, _as_it_is(session, order_id), Cause(actor, Reason.ASKED)):
            raise OutOfTurn


def _as_it_is(session: Session, order_id: int) -> Order:
    """The order as this transaction sees it, locked. Raises `OutOfTurn` where its time is up."""
    now = session.get_one(Order, order_id, with_for_update=True)
    if overdue(now):
        raise OutOfTurn
    return now


def _live_order(session: Session, student_id: int) -> str | None:
    return session.scalar(
        select(Order.public_id).where(Order.student_id == student_id, Order.status.in_(LIVE))
    )


def _end_overdue(session: Session, student_id: int) -> None:
    """Codes that ran out, a card past its last day: no live order any more, even if the sweep is late."""
    steps = {Status.READY: Event.RUN_OUT, Status.COLLECTED: Event.LAPSE}
    live = select(Order).where(Order.student_id == student_id, Order.status.in_(steps))
    for order in session.scalars(live).all():
        if overdue(order):
            move(session, order.id, steps[Status(order.status)], Cause(audit.SYSTEM))


def _planned_validity(session: Session, student_id: int) -> date:
    record = readable_record(session, student_id)
    today, policy = clock.today(), settings().policy
    if record is None or not eligibility.check(record, policy, today).may_order:
        raise NotEligible
    try:
        return validity.planned(record, policy, today)
    except validity.NoValidity as error:
        raise NotEligible from error


def _insert(session: Session, student_id: int, planned: date, actor: Actor) -> Order:
    now = clock.now()
    order = Order(
        public_id=uuid.uuid4().hex,
        student_id=student_id,
        status=Status.WAITING,
        ordered_at=now,
        status_at=now,
        due_at=now,
        planned_valid_until=planned,
    )
    session.add(order)
    session.flush()
    write_history(session, order.id, Event.PLACE, (None, Status.WAITING), Cause(actor))
    audit.record(session, audit.Event.ORDER_PLACED, actor=actor, subject=order.public_id)
    return order


def _replace(session: Session, order: Order, actor: Actor) -> Order:
    if order.status != Status.COLLECTED:
        raise OutOfTurn
    planned = _planned_validity(session, order.student_id)
    endings.end(session, order.id, Event.REVOKE, Cause(actor, Reason.NEW_PHONE))
    return _insert(session, order.student_id, planned, actor)


def _end(order: Order, event: Event, cause: Cause) -> None:
    order_id, student_id = order.id, order.student_id
    with write() as session:
        hold(session, student_id)
        _as_it_is(session, order_id)
        if not endings.end(session, order_id, event, cause):
            raise OutOfTurn
    telling.tell_issuer(order_id)
