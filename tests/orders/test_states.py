"""One test per transition of the table, and one per forbidden one."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from portal import clock
from portal.audit import Actor
from portal.database import db, write
from portal.orders.models import Order, OrderEvent
from portal.orders.states import ENDED, LIVE, TABLE, Event, Status
from portal.orders.transitions import Cause, move
from tests.support.people import make_student

CAUSE = Cause(Actor("a test"))
STEPS = [(before, event) for before in Status for event in Event]
ALLOWED = [step for step in STEPS if step in TABLE]
FORBIDDEN = [step for step in STEPS if step not in TABLE]


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
        assert not move(session, order_id, Event.PREPARED, CAUSE, claimed_by="mine")
        assert move(session, order_id, Event.PREPARED, CAUSE, claimed_by="another")
