"""What students and staff may do with orders. Faces ask here and show the answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.issuer.interface import Offer
from portal.orders import codes, eligibility, endings, issuance, telling, validity
from portal.orders.eligibility import Eligibility
from portal.orders.models import Order
from portal.orders.states import LIVE, Event, Reason, Status
from portal.orders.transitions import Cause, move, write_history
from portal.registry.records import RegistryUnavailable, StudentRecord, student_record
from portal.settings import settings


class NotEligible(Exception):
    """The student may not order now; the checklist says why."""


class OutOfTurn(Exception):
    """The order's state has no such step (any more). Nothing was written."""


@dataclass(frozen=True)
class Standing:
    """What one student's page is made of. The registry is only asked where a page shows the checklist."""

    student_id: int
    order: Order | None
    """The latest order, live or ended."""

    @cached_property
    def record(self) -> StudentRecord | None:
        """None: the registry could not be read."""
        return _record(db.session(), self.student_id)

    @cached_property
    def eligibility(self) -> Eligibility:
        return eligibility.check(self.record, settings().policy, clock.today())

    @property
    def status(self) -> Status | None:
        return None if self.order is None else Status(self.order.status)

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def may_order(self) -> bool:
        return not self.live and self.eligibility.may_order


def current_for(student_id: int) -> Standing:
    """The student's checklist and latest order."""
    order = db.session.scalar(
        select(Order).where(Order.student_id == student_id).order_by(Order.id.desc()).limit(1)
    )
    return Standing(student_id, order)


def history_for(student_id: int) -> Sequence[Order]:
    """All orders of the student, newest first, with their events."""
    return db.session.scalars(
        select(Order)
        .where(Order.student_id == student_id)
        .options(selectinload(Order.events))
        .order_by(Order.id.desc())
    ).all()


def owned(student_id: int, public_id: str) -> Order:
    """The student's own order. Raises `LookupError` for an unknown id and for anybody else's alike."""
    order = db.session.scalar(
        select(Order).where(Order.public_id == public_id, Order.student_id == student_id)
    )
    if order is None:
        raise LookupError(public_id)
    return order


def open_offer(order: Order) -> Offer | None:
    """The codes to fetch the card by, while there is an open offer. For the owner only."""
    if Status(order.status) not in (Status.READY, Status.COLLECTED):
        return None
    return issuance.issuer().current_offer(order.public_id)


def place(student_id: int, actor: Actor) -> str:
    """Order a card; the public id of the new order, or of the live one there is already.

    Raises `NotEligible`; nothing is written then.
    """
    with write() as session:
        _lapse_overdue(session, student_id)
        live = _live_order(session, student_id)
        if live is not None:
            return live
        planned = _planned_validity(session, student_id)
        try:
            with session.begin_nested():
                order = _insert(session, student_id, planned, actor)
        except IntegrityError:  # another process was first, which its own lock can't tell us
            live = _live_order(session, student_id)
            assert live is not None  # noqa: S101 — it is what the unique index refused us for
            return live
    issuance.dispatch(order.id)
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


def renew_codes(order: Order, actor: Actor) -> None:
    """„Nowe kody”: the old codes are void at once, new ones are there. Raises `OutOfTurn`.

    A collected card only gets new codes while an offer for it is open; its owner else asks for a new phone.
    """
    if order.status == Status.COLLECTED and open_offer(order) is None:
        raise OutOfTurn
    with write() as session:
        if not codes.renew(session, order, Cause(actor, Reason.ASKED)):
            raise OutOfTurn


def _record(session: Session, student_id: int) -> StudentRecord | None:
    try:
        return student_record(session, student_id)
    except RegistryUnavailable:
        return None


def _live_order(session: Session, student_id: int) -> str | None:
    return session.scalar(
        select(Order.public_id).where(Order.student_id == student_id, Order.status.in_(LIVE))
    )


def _lapse_overdue(session: Session, student_id: int) -> None:
    """A card past its last day is no live order any more, even if the sweep was late."""
    overdue = session.scalars(
        select(Order.id).where(
            Order.student_id == student_id,
            Order.status == Status.COLLECTED,
            Order.planned_valid_until < clock.today(),
        )
    )
    for order_id in overdue:
        move(session, order_id, Event.LAPSE, Cause(audit.SYSTEM))


def _planned_validity(session: Session, student_id: int) -> date:
    record = _record(session, student_id)
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


def _end(order: Order, event: Event, cause: Cause) -> None:
    order_id = order.id
    with write() as session:
        if not endings.end(session, order_id, event, cause):
            raise OutOfTurn
    telling.tell_issuer(order_id)
