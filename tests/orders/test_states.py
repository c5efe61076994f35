"""Both tables: one test per transition, and one per forbidden one."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from portal import clock
from portal.audit import Actor
from portal.database import db, write
from portal.orders.extension_steps import step
from portal.orders.models import Extension, Order, OrderEvent
from portal.orders.states import (
    ENDED,
    EXTENSION_TABLE,
    EXTENSIONS_OPEN,
    LIVE,
    TABLE,
    Event,
    ExtensionEvent,
    ExtensionStatus,
    Reason,
    Status,
)
from portal.orders.transitions import Cause, held_by, move
from tests.support.people import make_student

CAUSE = Cause(Actor("a test"))
STEPS = [(before, event) for before in Status for event in Event]
ALLOWED = [step for step in STEPS if step in TABLE]
FORBIDDEN = [step for step in STEPS if step not in TABLE]
EXTENSION_STEPS = [(before, event) for before in ExtensionStatus for event in ExtensionEvent]
EXTENSIONS_ALLOWED = [step for step in EXTENSION_STEPS if step in EXTENSION_TABLE]
EXTENSIONS_FORBIDDEN = [step for step in EXTENSION_STEPS if step not in EXTENSION_TABLE]


def order_in(app: Flask, status: Status, **columns: object) -> int:
    student_id = make_student(app)
    with app.app_context(), write() as session:
        now = clock.now()
        order = Order(
            public_id="0" * 32,
            student_id=student_id,
            status=status,
            ordered_at=now,
            status_at=now,
            planned_valid_until=date(2027, 3, 31),
            **columns,
        )
        session.add(order)
        session.flush()
        return order.id


@pytest.mark.parametrize(("before", "event"), ALLOWED)
def test_an_allowed_event_moves_the_order_and_writes_history(
    app: Flask, before: Status, event: Event
) -> None:
    order_id = order_in(app, before)
    with app.app_context():
        with write() as session:
            assert move(session, order_id, event, CAUSE)
        order = db.session.get_one(Order, order_id)
        row = db.session.query(OrderEvent).one()
        assert (order.status, order.version) == (TABLE[before, event], 2)
        assert (row.event, row.from_status, row.to_status) == (event, before, order.status)


@pytest.mark.parametrize(("before", "event"), FORBIDDEN)
def test_a_forbidden_event_changes_nothing(app: Flask, before: Status, event: Event) -> None:
    order_id = order_in(app, before)
    with app.app_context():
        with write() as session:
            assert not move(session, order_id, event, CAUSE)
        order = db.session.get_one(Order, order_id)
        assert (order.status, order.version) == (before, 1)
        assert db.session.query(OrderEvent).count() == 0


def test_every_status_but_the_first_can_be_reached_and_ended_ones_are_final() -> None:
    assert set(TABLE.values()) == set(Status)
    assert not {before for before, _event in TABLE} & ENDED
    assert set(Status) == LIVE | ENDED


def test_a_claim_that_is_no_longer_held_finishes_nothing(app: Flask) -> None:
    order_id = order_in(app, Status.IN_PROGRESS, claimed_by="another")
    with app.app_context(), write() as session:
        assert not move(session, order_id, Event.PREPARED, CAUSE, only=held_by("mine"))
        assert move(session, order_id, Event.PREPARED, CAUSE, only=held_by("another"))


def extension_in(app: Flask, status: ExtensionStatus, **columns: object) -> int:
    order_id = order_in(app, Status.COLLECTED)
    with app.app_context(), write() as session:
        now = clock.now()
        extension = Extension(
            order_id=order_id,
            status=status,
            old_valid_until=date(2027, 3, 31),
            new_valid_until=date(2027, 10, 31),
            asked_at=now,
            asked_by="a test",
            status_at=now,
            due_at=now,
            **columns,
        )
        session.add(extension)
        session.flush()
        return extension.id


@pytest.mark.parametrize(("before", "event"), EXTENSIONS_ALLOWED)
def test_an_allowed_event_moves_the_extension_and_shows_on_its_orders_page(
    app: Flask, before: ExtensionStatus, event: ExtensionEvent
) -> None:
    extension_id = extension_in(app, before)
    with app.app_context():
        with write() as session:
            assert step(session, extension_id, event, reason=Reason.LEASE_LOST)
        extension = db.session.get_one(Extension, extension_id)
        assert (extension.status, extension.reason) == (EXTENSION_TABLE[before, event], "lease_lost")
        assert (extension.due_at is not None) == (extension.status in EXTENSIONS_OPEN)
        assert db.session.query(Order.version).scalar() == 2


@pytest.mark.parametrize(("before", "event"), EXTENSIONS_FORBIDDEN)
def test_a_forbidden_event_leaves_the_extension_alone(
    app: Flask, before: ExtensionStatus, event: ExtensionEvent
) -> None:
    extension_id = extension_in(app, before)
    with app.app_context():
        with write() as session:
            assert not step(session, extension_id, event)
        assert db.session.get_one(Extension, extension_id).status == before
        assert db.session.query(Order.version).scalar() == 1


def test_every_extension_status_can_be_reached_and_those_not_open_are_final() -> None:
    assert set(EXTENSION_TABLE.values()) == set(ExtensionStatus)
    assert {before for before, _event in EXTENSION_TABLE if before} == EXTENSIONS_OPEN


def test_an_extension_that_another_claim_holds_is_not_moved(app: Flask) -> None:
    extension_id = extension_in(app, ExtensionStatus.IN_PROGRESS, claimed_by="another")
    with app.app_context(), write() as session:
        assert not step(session, extension_id, ExtensionEvent.FINISH, claimed_by="mine")
        assert step(session, extension_id, ExtensionEvent.FINISH, claimed_by="another")
