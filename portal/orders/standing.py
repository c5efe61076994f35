"""How a student stands: the latest order as it really is at this moment, and what may be done next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db
from portal.orders import eligibility, rights
from portal.orders.eligibility import Eligibility
from portal.orders.models import Extension, Order
from portal.orders.states import EXTENSIONS_OPEN, LIVE, Status
from portal.registry.records import RegistryUnavailable, StudentRecord, student_record
from portal.settings import settings


@dataclass(frozen=True)
class Standing:
    """What one student's page is made of. The registry is only asked where a page shows what it says."""

    student_id: int
    order: Order | None
    """The latest order, live or ended."""

    @cached_property
    def record(self) -> StudentRecord | None:
        """None: the registry could not be read."""
        return readable_record(db.session(), self.student_id)

    @cached_property
    def eligibility(self) -> Eligibility:
        return eligibility.check(self.record, settings().policy, clock.today())

    @property
    def status(self) -> Status | None:
        return None if self.order is None else status_now(self.order)

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def may_order(self) -> bool:
        return not self.live and self.eligibility.may_order

    @cached_property
    def extension(self) -> Extension | None:
        """The latest extension of the order, under way or over."""
        if self.order is None:
            return None
        return db.session.scalar(
            select(Extension)
            .where(Extension.order_id == self.order.id)
            .order_by(Extension.id.desc())
            .limit(1)
        )

    @property
    def extension_due(self) -> date | None:
        """The last day that the card would get today; None: nothing to extend, or it is under way."""
        if self.order is None or self.status != Status.COLLECTED or self.extending:
            return None
        if self.record is None:
            return None
        last_day = self.order.planned_valid_until
        return rights.extension_due(self.record, last_day, settings().policy, clock.today())

    @property
    def copy_behind(self) -> bool:
        """Whether the app's copy of the card ends earlier than the card: it has yet to fetch the new day."""
        if self.order is None or self.status != Status.COLLECTED:
            return False
        copy_until = self.order.copy_valid_until
        return copy_until is not None and copy_until < self.order.planned_valid_until

    @property
    def extending(self) -> bool:
        """Whether an extension of the order is under way."""
        return self.extension is not None and self.extension.status in EXTENSIONS_OPEN


def current_for(student_id: int) -> Standing:
    """The student's checklist and latest order."""
    order = db.session.scalar(
        select(Order).where(Order.student_id == student_id).order_by(Order.id.desc()).limit(1)
    )
    return Standing(student_id, order)


def status_now(order: Order) -> Status:
    """The order's status in truth: codes and cards end on time, even if the sweep is late."""
    status = Status(order.status)
    if status == Status.READY and order.due_at is not None and order.due_at <= clock.now():
        return Status.EXPIRED
    if status == Status.COLLECTED and order.planned_valid_until < clock.today():
        return Status.LAPSED
    return status


def overdue(order: Order) -> bool:
    """Whether the order's time is up and only the sweep hasn't said so yet: it has no step any more."""
    return status_now(order) != order.status


def readable_record(session: Session, student_id: int) -> StudentRecord | None:
    """The student's record; None where the registry can't be read."""
    try:
        return student_record(session, student_id)
    except RegistryUnavailable:
        return None
