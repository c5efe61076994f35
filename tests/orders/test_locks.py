"""On PostgreSQL writers meet: each locks in one order (docs/architecture.md), and decides by what is true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Select, func, select, text

from portal import create_app
from portal.audit import Actor
from portal.database import db, write
from portal.issuer import tokens
from portal.issuer.errors import ProtocolError
from portal.issuer.models import Card, CardOffer, StatusList
from portal.orders import CardEvents, extensions, issuance, reminders, service
from portal.orders.extension_claims import claim
from portal.orders.models import Extension, Order
from portal.orders.states import Event
from portal.orders.transitions import move
from portal.orders.validity import ends_at
from portal.registry.models import Student
from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import CAUSE, FIRST, LATER, els_extended
from tests.support.people import make_student
from tests.support.wallet import FlaskHttp, Wallet

EARLIER = date(2027, 2, 28)
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def settings(instance: Path, postgres_url: str) -> Settings:
    return make_settings(instance, database_url=postgres_url)


@contextmanager
def beside(app: Flask, work: Callable[[], object]) -> Iterator[None]:
    """`work` goes on in another thread until it waits for a lock; then the block."""

    def in_context() -> None:
        with app.app_context():
            work()

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(in_context)
        deadline = time.monotonic() + 10
        with db.engine.connect() as somebody:
            while not somebody.scalar(WAITING):
                assert not running.done(), running.result()
                assert time.monotonic() < deadline
        yield
        running.result(10)


def stands_in_line(app: Flask, first: Select[int], then: Select[int], work: Callable[[], object]) -> None:
    """`work` waits for the rows of `first`, which somebody holds, and has not locked those of `then` yet."""
    with db.engine.connect() as somebody:
        somebody.execute(first.with_for_update())
        with beside(app, work):
            somebody.execute(then.with_for_update(nowait=True))
            somebody.rollback()


def test_the_engine_asks_for_the_student_before_it_locks_the_order(app: Flask, orders: Orders) -> None:
    order_id = orders.place().id
    stands_in_line(app, select(Student.id), select(Order.id), lambda: issuance.issue(order_id))
    assert orders.latest.status == "ready"


def test_a_student_is_held_before_the_order_is_cancelled(app: Flask, orders: Orders) -> None:
    order = orders.place()
    stands_in_line(app, select(Student.id), select(Order.id), lambda: service.cancel(order, STUDENT))
    assert orders.latest.status == "cancelled"


def test_reminders_ask_for_students_before_they_lock_orders(
    app: Flask, orders: Orders, clock: MovingClock
) -> None:
    orders.collected()
    clock.move(days=120)
    stands_in_line(app, select(Student.id), select(Order.id), reminders.remind)
    assert orders.latest.remind_at is None


def test_new_codes_lock_the_card_before_the_order(app: Flask, orders: Orders) -> None:
    order = orders.ready()
    stands_in_line(app, select(Card.id), select(Order.id), lambda: service.renew_codes(order, STUDENT))
    assert orders.history(order)[-1] == ("reoffer", "ready")


@pytest.mark.parametrize("event", ["credential_failure", "credential_deleted"])
def test_word_of_a_copy_locks_the_order_before_the_status_list(
    app: Flask, orders: Orders, clock: MovingClock, event: str
) -> None:
    offer = service.open_offer(orders.ready())
    assert offer
    wallet = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
    card = wallet.collect(offer.uri, offer.activation_code)
    db.session.rollback()
    stands_in_line(app, select(Order.id), select(StatusList.id), lambda: wallet.notify(card, event))
    assert wallet.status(card) == 1


def guess(code: str) -> None:
    with pytest.raises(ProtocolError):
        tokens.redeem(code, "wrong", Actor("a thief"), by_identifier=False)


def test_a_wrong_activation_code_locks_the_card_before_the_offer(app: Flask, orders: Orders) -> None:
    orders.ready()
    code = db.session.scalars(select(CardOffer.code)).one()
    assert code
    stands_in_line(app, select(Card.id), select(CardOffer.id), lambda: guess(code))
    db.session.rollback()
    assert db.session.scalars(select(CardOffer.attempts)).one() == 1


def test_a_wallet_locks_the_extension_before_the_order(app: Flask, asked: Order) -> None:
    reference = asked.public_id

    def refresh() -> None:
        with write() as session:
            assert CardEvents().card_refreshed(session, reference, LATER)

    stands_in_line(app, select(Extension.id), select(Order.id), refresh)


def test_the_extension_engine_locks_the_extension_before_the_order(app: Flask, asked: Order) -> None:
    with write() as session:
        claimed = claim(session)
    stands_in_line(app, select(Extension.id), select(Order.id), lambda: extensions.work(claimed))


def test_extensions_claimed_together_lock_their_orders_at_once(app: Flask, asked: Order) -> None:
    other = Orders(make_student(app, "200001"))
    other.collected()
    els_extended(other.student_id)
    service.extend(other.latest, STUDENT)
    first, then = (select(Order.id).where(Order.id == order.id) for order in (asked, other.latest))
    order_id = other.latest.id
    stands_in_line(app, first, then, lambda: extensions.work_due(order_id))
    assert db.session.scalar(select(func.count()).where(Extension.status == "done")) == 2


def test_a_card_collected_while_its_order_is_shortened_ends_on_the_earlier_day(
    app: Flask, orders: Orders
) -> None:
    order = orders.ready()
    reference = order.public_id

    def collect() -> None:
        with write() as session:
            assert CardEvents().card_collected(session, reference, FIRST)

    with write() as session:
        move(session, order.id, Event.SHORTEN, CAUSE, planned_valid_until=EARLIER)
        session.flush()
        with beside(app, collect):
            session.commit()
    assert orders.latest.due_at == ends_at(EARLIER)


@pytest.fixture
def other_app(settings: Settings, clock: MovingClock) -> Iterator[Flask]:
    """Another machine."""
    app = create_app(settings, time=clock)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_presses_on_several_machines_at_once_are_one_order(
    app: Flask, other_app: Flask, orders: Orders
) -> None:
    apps = [app, other_app] * 4
    together = threading.Barrier(len(apps))

    def press(machine: Flask) -> str:
        with machine.app_context():
            together.wait()
            return service.place(orders.student_id, STUDENT)

    with ThreadPoolExecutor(len(apps)) as threads:
        assert set(threads.map(press, apps)) == {orders.latest.public_id}
    assert db.session.scalar(select(func.count()).select_from(Order)) == 1
