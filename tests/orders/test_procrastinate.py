"""Workers prepare the cards: a job is there with its order, once, and lost ones come back."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db, write
from portal.issuer.interface import IssuerUnavailable
from portal.orders import issuance, jobs, service, thread, worker
from portal.orders.models import Order
from portal.orders.pulse import pulse
from portal.orders.sweep import sweep
from portal.settings import Settings
from portal.unavailable import is_unavailable
from tests.conftest import MovingClock, make_settings
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import LATER, extension_of
from tests.support.people import make_student


@pytest.fixture
def settings(instance: Path, postgres_url: str) -> Settings:
    return make_settings(instance, database_url=postgres_url, issuance="procrastinate")


def jobs_left() -> list[tuple[dict[str, int], datetime | None]]:
    """What each job is told, and when it is to begin."""
    db.session.rollback()
    rows = db.session.execute(text("SELECT args, scheduled_at FROM procrastinate_jobs ORDER BY id"))
    return [(row.args, row.scheduled_at) for row in rows]


def work_off(app: Flask) -> None:
    """A worker that ends when no job is left; in a thread, since this one may have a browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(worker.work(app, 1, wait=False))).result()


def test_an_order_and_its_job_are_there_together(orders: Orders) -> None:
    order = orders.place()
    assert jobs_left() == [({"order_id": order.id}, None)]


def test_an_order_that_is_taken_back_leaves_no_job(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    def dispatch_and_fail(*args: object) -> None:
        jobs.put(args[0], [args[1]])  # type: ignore[arg-type,list-item]
        raise ConnectionError

    monkeypatch.setattr(issuance, "dispatch", dispatch_and_fail)
    with pytest.raises(ConnectionError):
        orders.place()
    assert jobs_left() == []
    assert db.session.query(Order).count() == 0


def test_a_worker_prepares_the_card_and_the_job_is_gone(app: Flask, orders: Orders) -> None:
    orders.place()
    work_off(app)
    assert orders.latest.status == "ready"
    assert jobs_left() == []


def test_a_worker_extends_the_card(app: Flask, orders: Orders, due: Order) -> None:
    service.extend(due, STUDENT)
    work_off(app)
    assert extension_of(due).status == "done"
    assert orders.latest.planned_valid_until == LATER
    assert jobs_left() == []


def test_an_order_has_one_job_however_often_it_is_asked_for(orders: Orders) -> None:
    order = orders.place()
    with write() as session:
        issuance.dispatch(session, order.id)
    assert jobs_left() == [({"order_id": order.id}, None)]


def test_who_works_on_an_order_takes_others_along_and_their_jobs(app: Flask, orders: Orders) -> None:
    others = [Orders(make_student(app, f"10100{number}")) for number in range(3)]
    for one in others:
        one.place()
    assert issuance.issue(orders.place().id, along=2)
    assert [one.latest.status for one in (orders, *others)] == ["ready", "ready", "ready", "waiting"]
    assert jobs_left() == [({"order_id": others[2].latest.id}, None)]


def test_an_order_that_must_wait_has_its_job_for_then(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_requests: object) -> None:
        raise IssuerUnavailable

    order = orders.place()
    monkeypatch.setattr(issuance.issuer(), "prepare", unavailable)
    issuance.issue(order.id)
    assert jobs_left() == [({"order_id": order.id}, orders.latest.due_at)]


def test_an_order_whose_worker_died_gets_a_job_when_its_lease_ends(
    app: Flask, orders: Orders, clock: MovingClock
) -> None:
    order = orders.place()
    assert issuance._claim(1)  # and never heard of again
    clock.move(seconds=61)
    sweep()
    assert jobs_left() == [({"order_id": order.id}, orders.latest.due_at)]


def test_the_sweep_replaces_a_lost_job(app: Flask, orders: Orders, clock: MovingClock) -> None:
    orders.place()
    with write() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    clock.move(seconds=5)
    sweep()
    work_off(app)
    assert orders.latest.status == "ready"


def test_the_sweep_gives_a_job_to_an_extension_that_has_none(
    app: Flask, orders: Orders, asked: Order, clock: MovingClock
) -> None:
    with write() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    clock.move(seconds=5)
    sweep()
    work_off(app)
    assert extension_of(asked).status == "done"


def test_the_job_of_a_worker_that_died_is_cleared_away(
    app: Flask, orders: Orders, clock: MovingClock
) -> None:
    orders.place()
    with write() as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    clock.move(seconds=5)
    sweep()
    work_off(app)
    assert orders.latest.status == "ready"
    assert jobs_left() == []


def test_a_worker_whose_clock_is_a_little_behind_does_not_wait(
    app: Flask, orders: Orders, clock: MovingClock
) -> None:
    orders.place()
    clock.move(seconds=-0.5)
    work_off(app)
    assert orders.latest.status == "ready"


def test_extending_for_everybody_writes_no_jobs(app: Flask, orders: Orders, due: Order) -> None:
    done = app.test_cli_runner().invoke(args=["orders", "extend", "--all-due", "--language", "en"])
    assert done.exit_code == 0, done.output
    assert extension_of(due).status == "done"
    assert jobs_left() == []


def test_the_web_process_leaves_the_work_to_them(app: Flask, orders: Orders) -> None:
    engine = thread.start(app)
    orders.place()
    pulse(app).stop()
    engine.join(10)
    assert orders.latest.status == "waiting"
    assert pulse(app).last_beat is None


def test_workers_without_a_heartbeat_are_not_counted(orders: Orders) -> None:
    with write() as session:
        session.execute(text("SELECT procrastinate_register_worker_v1() FROM generate_series(1, 2)"))
        late = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' WHERE id = 1"
        session.execute(text(late))
    assert jobs.alive_workers() == 1


def test_a_worker_does_not_start_where_the_thread_does_the_work(instance: Path, postgres_url: str) -> None:
    from portal import create_app

    app = create_app(make_settings(instance, database_url=postgres_url))
    done = app.test_cli_runner().invoke(args=["issuance", "work"])
    assert done.exit_code == 1
    assert "PORTAL_ISSUANCE must be procrastinate" in done.output


def test_a_job_that_cannot_be_written_now_is_an_error_that_passes(orders: Orders) -> None:
    order = orders.ready()
    other = text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock)"
        f" VALUES ('issuance', 'issue', 'order {order.id}')"
    )
    with db.engine.connect() as somebody:
        somebody.execute(other)
        with pytest.raises(SQLAlchemyError) as raised, write(patience=0.1) as session:
            jobs.put(session, [order.id])
    assert is_unavailable(raised.value)
