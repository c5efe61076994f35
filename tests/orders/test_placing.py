from __future__ import annotations

import threading

import pytest
from flask import Flask

from portal.audit import AuditRecord
from portal.database import db
from portal.orders import service
from portal.orders.models import Order, OrderEvent
from portal.orders.service import NotEligible, OutOfTurn
from portal.orders.states import Reason
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.support.people import make_student


def test_an_order_waits_with_its_planned_validity_and_history(orders: Orders) -> None:
    order = orders.place()
    assert (order.status, str(order.planned_valid_until)) == ("waiting", "2027-03-31")
    assert orders.history(order) == [("place", "waiting")]
    assert db.session.query(AuditRecord).filter_by(event="order_placed", subject=order.public_id).count() == 1


def test_ordering_twice_gives_the_same_order(orders: Orders) -> None:
    first = orders.place()
    assert service.place(orders.student_id, STUDENT) == first.public_id
    assert db.session.query(Order).count() == 1


def test_twenty_orders_at_once_are_one_order(app: Flask, student_id: int) -> None:
    answers: list[str] = []

    def place() -> None:
        with app.app_context():
            answers.append(service.place(student_id, STUDENT))

    threads = [threading.Thread(target=place) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len(set(answers)) == 1


def test_who_misses_a_criterion_is_refused_and_nothing_is_written(app: Flask) -> None:
    student_id = make_student(app, photo=False)
    with app.app_context():
        with pytest.raises(NotEligible):
            service.place(student_id, STUDENT)
        assert db.session.query(Order).count() == 0
        assert db.session.query(OrderEvent).count() == 0
        assert db.session.query(AuditRecord).count() == 0


def test_a_cancelled_order_leaves_room_for_a_new_one(orders: Orders) -> None:
    first = orders.place()
    service.cancel(first, STUDENT)
    assert orders.latest.status == "cancelled"
    assert service.place(orders.student_id, STUDENT) != first.public_id


def test_a_collected_card_cannot_be_cancelled_but_revoked(orders: Orders) -> None:
    order = orders.collected()
    with pytest.raises(OutOfTurn):
        service.cancel(order, STUDENT)
    service.revoke(order, STUDENT)
    assert orders.latest.status == "revoked"


def test_a_waiting_order_cannot_be_revoked_by_the_student_but_by_the_university(orders: Orders) -> None:
    order = orders.place()
    with pytest.raises(OutOfTurn):
        service.revoke(order, STUDENT)
    service.revoke_by_university(order, STUDENT, Reason.STATUS_LOST)
    assert (orders.latest.status, orders.latest.reason) == ("revoked", "status_lost")


def test_a_card_past_its_last_day_makes_room_even_if_the_sweep_was_late(
    app: Flask, clock: MovingClock
) -> None:
    student_id = make_student(app, els_valid_until=clock.now().date())
    with app.app_context():
        orders = Orders(student_id)
        card = orders.collected()
        clock.move(days=1)
        with pytest.raises(NotEligible):  # the ELS ended too
            service.place(student_id, STUDENT)
        make_els_longer(student_id)
        service.place(student_id, STUDENT)
        assert db.session.get_one(Order, card.id).status == "lapsed"


def make_els_longer(student_id: int) -> None:
    from datetime import date

    from portal.database import write
    from portal.registry.models import PlasticCard

    with write() as session:
        session.query(PlasticCard).filter_by(student_id=student_id).update({"valid_until": date(2027, 3, 31)})


def test_somebody_elses_order_is_as_unknown_as_none(app: Flask, orders: Orders) -> None:
    order = orders.place()
    other = make_student(app, "100002")
    for public_id in (order.public_id, "f" * 32):
        with pytest.raises(LookupError):
            service.owned(other, public_id)
