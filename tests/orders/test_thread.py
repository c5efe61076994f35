"""The issuance thread as it runs in the web process: orders, extensions and the sweep take turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.database import db, write
from portal.orders import extension_claims, issuance, service, thread
from portal.orders.models import Order
from portal.orders.pulse import pulse
from portal.settings import Settings
from tests.conftest import make_settings
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import LATER, extension_of
from tests.support.people import make_student


@pytest.fixture
def settings(instance: Path) -> Settings:
    return make_settings(instance, issuance_thread=True)


@pytest.fixture
def running(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Starts the thread, and ends it after the test."""
    monkeypatch.setattr(thread, "ERROR_PAUSE", 0.01)
    started = []
    yield lambda: started.append(thread.start(app))
    pulse(app).stop()
    for one in started:
        one.join(10)
        assert not one.is_alive()


def soon(becomes_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not becomes_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
        db.session.rollback()


def test_a_press_wakes_it_and_the_card_is_extended(
    orders: Orders, due: Order, running: Callable[[], None]
) -> None:
    running()
    service.extend(due, STUDENT)
    soon(lambda: extension_of(due).status == "done")
    assert orders.latest.planned_valid_until == LATER


def test_orders_and_extensions_that_a_killed_process_was_at_are_taken_up_at_once(
    app: Flask, orders: Orders, due: Order, running: Callable[[], None]
) -> None:
    service.extend(due, STUDENT)
    other = Orders(make_student(app, "100002"))
    other.place()
    assert issuance._claim(1)
    with write() as session:
        assert extension_claims.claim(session)
    running()
    soon(lambda: (extension_of(due).status, other.latest.status) == ("done", "ready"))


def test_extensions_that_cannot_be_worked_on_keep_no_order_from_being_prepared(
    app: Flask, orders: Orders, running: Callable[[], None]
) -> None:
    with write() as session:
        session.execute(db.text("ALTER TABLE order_extensions RENAME TO away"))
    orders.place()
    running()
    soon(lambda: orders.latest.status == "ready")
    other = Orders(make_student(app, "100002"))
    other.place()
    soon(lambda: other.latest.status == "ready")
