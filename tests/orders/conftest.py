from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.audit import Actor
from portal.database import db
from portal.orders import issuance, service
from portal.orders.models import Order, OrderEvent
from tests.orders.surroundings import Door, els_extended
from tests.support.people import make_student

STUDENT = Actor("student of the test")


@pytest.fixture
def student_id(app: Flask) -> int:
    return make_student(app)


@pytest.fixture
def context(app: Flask, student_id: int) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def orders(context: None, student_id: int) -> Orders:
    return Orders(student_id)


class Orders:
    """One student's orders, as a test acts on them."""

    def __init__(self, student_id: int) -> None:
        self.student_id = student_id

    @property
    def latest(self) -> Order:
        db.session.rollback()
        order = service.current_for(self.student_id).order
        assert order is not None
        return order

    def place(self) -> Order:
        service.place(self.student_id, STUDENT)
        return self.latest

    def ready(self) -> Order:
        order = self.place()
        assert issuance.issue(order.id)
        return self.latest

    def collected(self) -> Order:
        """As if a wallet had taken the card: told by the issuer's signal, without the protocol."""
        from portal.database import write
        from portal.orders import CardEvents

        order = self.ready()
        with write() as session:
            assert CardEvents().card_collected(session, order.public_id, order.planned_valid_until)
        return self.latest

    def history(self, order: Order) -> list[tuple[str, str]]:
        rows = db.session.query(OrderEvent).filter_by(order_id=order.id).order_by(OrderEvent.id)
        return [(row.event, row.to_status) for row in rows]


@pytest.fixture
def door(app: Flask) -> Door:
    door = Door(app.extensions["portal.orders.issuer"])
    app.extensions["portal.orders.issuer"] = door
    return door


@pytest.fixture
def due(orders: Orders) -> Order:
    """A collected card whose ELS was extended since."""
    orders.collected()
    els_extended(orders.student_id)
    return orders.latest


@pytest.fixture
def asked(orders: Orders, due: Order) -> Order:
    service.extend(due, STUDENT)
    return orders.latest
