"""kill -9 at any moment of issuing: nothing lost, nothing twice, every history complete and legal."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import create_app
from portal.audit import Actor
from portal.database import db
from portal.issuer.models import CardOffer
from portal.orders import issuance, service
from portal.orders.models import Order, OrderEvent
from portal.orders.sweep import sweep
from portal.settings import Settings
from tests.support.doctor import well
from tests.support.people import make_student

ORDERS = 150
KILLS = 60
SPEED = 200
BEGIN = time.time()
START = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)


class FastClock:
    """Two hundred times as fast as life, in all processes alike, so that leases end while the test waits."""

    def now(self) -> datetime:
        return START + timedelta(seconds=(time.time() - BEGIN) * SPEED)


def work(settings: Settings, batch: int) -> None:
    issuance.BATCH = batch
    app = create_app(settings, time=FastClock())
    with app.app_context():
        while True:
            issuance.issue_due()
            sweep()


def start_worker(settings: Settings) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(
        target=work, args=(settings, random.choice([1, 3, 50])), daemon=True
    )
    process.start()
    return process


@pytest.mark.faults
def test_a_worker_killed_many_times_loses_nothing_and_issues_nothing_twice(settings: Settings) -> None:
    app = create_app(settings, time=FastClock())
    with app.app_context():
        for number in range(ORDERS):
            service.place(make_student(app, f"{300000 + number}"), Actor("test"))
        db.engine.dispose()  # no connection may cross a fork
    for _kill in range(KILLS):
        process = start_worker(settings)
        time.sleep(random.uniform(0.02, 0.35))
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    finish(app)
    assert well(app)
    with app.app_context():
        check_invariants()


def finish(app: Flask) -> None:
    """A last worker that nobody kills does what is left."""
    deadline = time.monotonic() + 60
    with app.app_context():
        while db.session.query(Order).filter(Order.status.in_(["waiting", "in_progress"])).count():
            issuance.issue_due()
            sweep()
            db.session.rollback()
            assert time.monotonic() < deadline, "an order never ended"


def check_invariants() -> None:
    """Beyond what doctor sees: each order got its card, and was prepared once."""
    assert Counter(db.session.scalars(select(Order.status))) == {"ready": ORDERS}
    assert db.session.query(CardOffer).count() == ORDERS
    assert db.session.query(OrderEvent).filter_by(event="prepared").count() == ORDERS
