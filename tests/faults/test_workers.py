"""Workers as processes of their own, killed and stopped while they issue: nothing lost, nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import create_app
from portal.audit import Actor
from portal.database import db
from portal.issuer.interface import CardRequest
from portal.issuer.models import CardOffer
from portal.orders import service, thread, worker
from portal.orders.models import Order, OrderEvent
from portal.settings import Settings
from tests.conftest import START, make_settings
from tests.support.doctor import well
from tests.support.people import make_student
from tests.support.server import BIN, ROOT

pytestmark = pytest.mark.faults
KILLS = 5
PLACED_BEFORE_EACH = 10
FORK = multiprocessing.get_context("fork")
Process = multiprocessing.process.BaseProcess


class Clock:
    """The same in all processes; faster than life, leases end while a test waits."""

    speed = 1

    def __init__(self) -> None:
        self._begin = time.time()

    def now(self) -> datetime:
        return START + timedelta(seconds=(time.time() - self._begin) * self.speed)


class Door:
    """The issuer's, for all processes: one that is closed keeps those who come waiting."""

    def __init__(self) -> None:
        self._came = FORK.Semaphore(0)
        self._open = FORK.Event()

    def somebody_came(self) -> bool:
        """Each one counts once; waits for them."""
        return self._came.acquire(timeout=20)

    def open(self) -> None:
        self._open.set()

    def hang_in(self, app: Flask) -> None:
        issuer = app.extensions["portal.orders.issuer"]
        prepare = issuer.prepare

        def behind_the_door(requests: Sequence[CardRequest]) -> Any:
            self._came.release()
            assert self._open.wait(30)
            return prepare(requests)

        issuer.prepare = behind_the_door


class Workers:
    """`flask issuance work`, but for the program's start and the door."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._all: list[Process] = []
        self.door = Door()

    def _work(self) -> None:
        app = create_app(self._settings, time=self._clock)
        self.door.hang_in(app)
        worker.run(app, 1)

    def start(self) -> Process:
        db.session.remove()
        db.engine.dispose()  # no connection may cross a fork
        process = FORK.Process(target=self._work)
        process.start()
        self._all.append(process)
        return process

    def end(self) -> None:
        for process in self._all:
            process.kill()
            process.join()


@pytest.fixture
def settings(instance: Path, postgres_url: str) -> Settings:
    return make_settings(instance, database_url=postgres_url, issuance="procrastinate")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workers(settings: Settings, clock: Clock) -> Iterator[Workers]:
    workers = Workers(settings, clock)
    yield workers
    workers.end()


@pytest.fixture(autouse=True)
def portal(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def place(app: Flask, album: int) -> int:
    student_id = make_student(app, str(album), els_valid_until=datetime.now(UTC).date() + timedelta(days=300))
    public_id = service.place(student_id, Actor("test"))
    return db.session.query(Order).filter_by(public_id=public_id).one().id


def statuses() -> Counter[str]:
    db.session.rollback()
    return Counter(db.session.scalars(select(Order.status)))


def until(becomes_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not becomes_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_workers_killed_while_they_issue_lose_nothing_and_issue_nothing_twice(
    app: Flask, workers: Workers, clock: Clock
) -> None:
    clock.speed = 30
    workers.door.open()
    for album in range(KILLS * PLACED_BEFORE_EACH):
        place(app, 300000 + album)
        if album % PLACED_BEFORE_EACH == PLACED_BEFORE_EACH - 1:
            process = workers.start()
            workers.door.somebody_came()
            time.sleep(random.uniform(0, 0.1))
            process.kill()
            process.join()
    workers.start()
    until(lambda: statuses() == {"ready": KILLS * PLACED_BEFORE_EACH})
    assert each_prepared_once(app)


def each_prepared_once(app: Flask) -> bool:
    """And everything else that doctor sees is as it must be."""
    prepared = db.session.scalars(select(OrderEvent.order_id).where(OrderEvent.event == "prepared"))
    assert sorted(prepared) == sorted(db.session.scalars(select(Order.id)))
    assert db.session.query(CardOffer).count() == db.session.query(Order).count()
    return well(app)


def test_a_worker_told_to_end_finishes_what_it_is_at_and_takes_no_more(app: Flask, workers: Workers) -> None:
    first = place(app, 300000)
    process = workers.start()
    assert workers.door.somebody_came()
    assert process.pid
    os.kill(process.pid, signal.SIGTERM)
    second = place(app, 300001)
    workers.door.open()
    process.join(30)
    assert process.exitcode == 0
    assert statuses() == {"ready": 1, "waiting": 1}
    assert db.session.get_one(Order, first).status == "ready"
    jobs = db.session.execute(text("SELECT args FROM procrastinate_jobs"))
    assert jobs.scalars().all() == [{"order_id": second}]


def test_what_hangs_at_the_issuer_while_a_worker_ends_is_anybodys(
    app: Flask, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "GRACE", 0.1)
    place(app, 300000)
    process = workers.start()
    assert workers.door.somebody_came()
    assert process.pid
    os.kill(process.pid, signal.SIGTERM)
    until(lambda: statuses() == {"waiting": 1})
    assert db.session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")) == 1
    workers.door.open()
    workers.start()
    until(lambda: statuses() == {"ready": 1})
    assert each_prepared_once(app)


def test_two_workers_share_the_work(app: Flask, workers: Workers) -> None:
    for album in (300000, 300001):
        workers.start()
        place(app, album)
        assert workers.door.somebody_came()
    assert statuses() == {"in_progress": 2}
    workers.door.open()
    until(lambda: statuses() == {"ready": 2})
    assert each_prepared_once(app)


def test_the_command_works_until_it_is_told_to_end(app: Flask, settings: Settings, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")} | {
        "PORTAL_DEMO": "1",
        "PORTAL_BASE_URL": "http://127.0.0.1:8000",
        "PORTAL_INSTANCE": str(settings.instance_dir),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_ISSUANCE": "procrastinate",
    }
    place(app, 300000)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [BIN / "flask", "--app", "portal", "issuance", "work"], cwd=ROOT, env=environ, stderr=log
        )
    until(lambda: statuses() == {"ready": 1})
    process.terminate()
    assert process.wait(30) == 0
    assert "worker ended" in (tmp_path / "log").read_text()
