"""An issuer elsewhere that goes wrong in every way: each order ends, nothing is issued twice there either."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.database import db
from portal.orders import CardEvents, extensions, issuance, service
from portal.orders.models import Order, OrderEvent
from portal.orders.states import LIVE
from portal.orders.sweep import sweep
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import LATER, els_extended
from tests.support.doctor import well
from tests.support.elsewhere import Elsewhere, Office
from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.pages import CheckedClient
from tests.support.people import make_student
from tests.support.tab import PAGE, status_on

pytestmark = pytest.mark.faults

TROUBLES = ("error", "drop", "lost", "late", "twice")
AWAY = "System wydający legitymacje jest chwilowo niedostępny. Ponawiamy próby"


@pytest.fixture
def office(app: Flask, tmp_path: Path) -> Iterator[Office]:
    """The portal's issuer is elsewhere."""
    office = Office(tmp_path / "elsewhere.sqlite")
    with app.app_context():
        app.extensions["portal.orders.issuer"] = Elsewhere(office.url, CardEvents())
    yield office
    office.close()


@pytest.fixture
def student(app: Flask, office: Office, client: CheckedClient) -> Iterator[Orders]:
    """With a browser that is logged in."""
    student_id = make_student(app)
    make_account(app, student_id)
    log_in(client)
    with app.app_context():
        yield Orders(student_id)


def work(clock: MovingClock) -> None:
    """A round of the engine, some time after the last."""
    issuance.issue_due()
    extensions.work_due()
    sweep()
    clock.move(seconds=20)


def work_until_all_is_done(clock: MovingClock) -> None:
    for _round in range(60):
        work(clock)
        if not db.session.query(Order).filter(Order.status.in_(["waiting", "in_progress"])).count():
            return
    raise AssertionError("an order never ended")


def collected(office: Office, clock: MovingClock, student: Orders) -> Order:
    order = student.place()
    work(clock)
    office.collect(order.public_id)
    work(clock)
    assert student.latest.status == "collected"
    return student.latest


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_goes_wrong_once_the_card_is_ready_and_there_once(
    office: Office, student: Orders, clock: MovingClock, client: CheckedClient, trouble: str
) -> None:
    answers = iter([trouble])
    office.trouble = lambda _method: next(answers, "")
    order = student.place()
    issuance.issue_due()
    page = client.get(PAGE).text
    assert (AWAY in page) == (trouble != "twice")
    work_until_all_is_done(clock)
    assert status_on(client.get(PAGE).text) == "ready"
    assert list(office.live) == [order.public_id]


def test_an_answer_after_the_lease_ended_is_no_second_card(
    app: Flask, office: Office, student: Orders, clock: MovingClock
) -> None:
    """Meanwhile another worker has taken the order over, and finished it."""

    def another_worker() -> None:
        office.during = lambda: None
        clock.move(seconds=61)
        with app.app_context():
            sweep()
            clock.move(seconds=10)
            issuance.issue_due()

    office.during = another_worker
    app.extensions["portal.orders.issuer"] = Elsewhere(office.url, CardEvents(), patience=10)
    order = student.place()
    issuance.issue_due()
    events = [event for event, _status in student.history(order)]
    assert events == ["place", "claim", "try_again", "claim", "prepared"]
    assert list(office.live) == [order.public_id]


def test_a_card_is_extended_there_however_often_it_takes(
    office: Office, student: Orders, clock: MovingClock, client: CheckedClient
) -> None:
    order = collected(office, clock, student)
    els_extended(student.student_id)
    answers = iter(["lost", "error"])
    office.trouble = lambda method: next(answers, "") if method == "PUT" else ""
    service.extend(order, STUDENT)
    extensions.work_due()
    assert AWAY in client.get(PAGE).text
    for _round in range(3):
        work(clock)
    assert student.latest.planned_valid_until == LATER
    assert office.live == {order.public_id: LATER}


def test_a_revocation_counts_at_once_here_and_there_as_soon_as_it_can(
    office: Office, student: Orders, clock: MovingClock, client: CheckedClient
) -> None:
    order = collected(office, clock, student)
    office.trouble = lambda _method: "error"
    path = f"{PAGE}/uniewaznij/{order.public_id}"
    answer = post(client, path, {"csrf_token": csrf_token(client, path)})
    assert answer.status_code == 303
    assert status_on(client.get(PAGE).text) == "revoked"
    assert office.live
    office.trouble = lambda _method: ""
    for _round in range(3):
        work(clock)
    assert office.live == {}
    assert student.latest.issuer_told_at is not None


def test_new_codes_come_when_the_issuer_is_there_again(
    office: Office, student: Orders, clock: MovingClock, client: CheckedClient
) -> None:
    order = student.place()
    work(clock)
    port = int(office.url.rpartition(":")[2])
    office.close()
    service.renew_codes(student.latest, STUDENT)
    assert "show-codes" not in client.get(PAGE).text
    office.open(port)
    work(clock)
    assert "show-codes" in client.get(PAGE).text
    assert list(office.live) == [order.public_id]


def test_no_order_is_lost_or_twice_there_however_it_goes(
    app: Flask, office: Office, clock: MovingClock
) -> None:
    chance = random.Random(6)
    office.trouble = lambda _method: chance.choice(["", "", "", "error", "drop", "lost", "twice"])
    with app.app_context():
        students = [Orders(make_student(app, f"3000{number:02}")) for number in range(12)]
        for student in students:
            student.place()
            if chance.random() < 0.5:
                work(clock)
        for student in students[::3]:
            if student.latest.status in LIVE:
                service.cancel(student.latest, STUDENT)
        work_until_all_is_done(clock)
        office.trouble = lambda _method: ""
        for _round in range(5):
            work(clock)
        alive = {order.public_id for order in db.session.query(Order) if order.status in LIVE}
        prepared = db.session.query(OrderEvent).filter_by(event="prepared").count()
        assert len(alive) >= 6
        assert set(office.live) == alive
        assert prepared <= db.session.query(Order).count()
    assert well(app)
