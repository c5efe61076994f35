"""Orders made ready per second: SQLite and PostgreSQL, thread and workers, one each and in batches, and on a
disk that takes two milliseconds to sync.

The orders wait before anybody works; what counts is the time from the first claim to the last card's being
ready, as the orders' own history says, so starting a process is not in it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from sqlalchemy import func, select

from benchmarks.databases import SYNC_MS, postgres, slow_sync
from benchmarks.figures import keep, show
from benchmarks.stage import Stage
from portal import audit
from portal.database import db
from portal.orders import service
from portal.orders.models import Order, OrderEvent
from portal.orders.states import Event, Status
from tests.support.server import BIN, ROOT

LONGEST = 60.0
"""Seconds; what is ready by then counts."""


@dataclass(frozen=True)
class Case:
    """One way of working; an engine that is neither ``thread`` nor ``procrastinate`` is `working`'s loop."""

    database: str
    engine: str
    workers: int
    slow_disk: bool = False
    setting: str = "thread"


def _cases() -> Iterator[Case]:
    for slow_disk in (False, True):
        yield Case("SQLite", "thread", 1, slow_disk)
        yield Case("SQLite", "singly", 1, slow_disk)
        yield Case("PostgreSQL", "thread", 1, slow_disk)
        for workers in (1, 4):
            yield Case("PostgreSQL", "batches", workers, slow_disk)
            yield Case("PostgreSQL", "singly", workers, slow_disk)
            yield Case("PostgreSQL", "procrastinate", workers, slow_disk, setting="procrastinate")


def measure(case: Case, orders: int) -> tuple[float, float]:
    """Orders placed, and orders made ready, a second."""
    with slow_sync() if case.slow_disk else nullcontext(), _stage(case) as stage:
        students = [browsers[0].student_id for browsers in stage.students(orders)]
        with stage.app.app_context():
            began = time.perf_counter()
            for student_id in students:
                service.place(student_id, audit.SYSTEM)
            placed = orders / (time.perf_counter() - began)
        with _engine(case, stage):
            return placed, _ready_a_second(stage)


@contextmanager
def _stage(case: Case) -> Iterator[Stage]:
    if case.database == "SQLite":
        with Stage() as stage:
            yield stage
    else:
        with postgres() as url, Stage(PORTAL_DATABASE_URL=url, PORTAL_ISSUANCE=case.setting) as stage:
            yield stage


@contextmanager
def _engine(case: Case, stage: Stage) -> Iterator[None]:
    if case.engine == "thread":
        stage.start()
        yield
        return
    python = [sys.executable, "-m", "benchmarks.working", case.engine]
    commands = [[*python, str(place), str(case.workers)] for place in range(case.workers)]
    if case.engine == "procrastinate":
        commands = [[str(BIN / "flask"), "--app", "portal", "issuance", "work"]] * case.workers
    running = [_worker(command, stage) for command in commands]
    try:
        if case.engine != "procrastinate":
            _let_go(running)
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def _worker(command: list[str], stage: Stage) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=stage.server.environ, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )


def _let_go(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()


def _ready_a_second(stage: Stage) -> float:
    end = time.monotonic() + LONGEST
    waiting = select(func.count()).where(Order.status.in_([Status.WAITING, Status.IN_PROGRESS]))
    with stage.app.app_context():
        while time.monotonic() < end and db.session.scalar(waiting.select_from(Order)):
            db.session.rollback()
            time.sleep(0.2)
        first = db.session.scalar(select(func.min(OrderEvent.at)).where(OrderEvent.event == Event.CLAIM))
        ready = select(func.max(OrderEvent.at), func.count()).where(OrderEvent.event == Event.PREPARED)
        last, done = db.session.execute(ready).one()
    if first is None or not done:
        raise RuntimeError("nobody worked")
    return float(done / (last - first).total_seconds())


def main(*, quick: bool = False) -> None:
    rows = []
    for case in _cases():
        # As many as take some seconds, whatever the engine.
        orders = 100 if quick else 300 if case.slow_disk or case.engine == "singly" else 600
        placed, ready = measure(case, orders)
        disk = f"{SYNC_MS} ms a sync" if case.slow_disk else "as it is"
        rows.append([case.database, case.engine, str(case.workers), disk, f"{placed:,.0f}", f"{ready:,.0f}"])
        print(*rows[-1], flush=True)
        keep(f"rates.{case.database}.{case.engine}.{case.workers}.{case.slow_disk}", ready)
    show(
        "rates",
        "Orders made ready",
        ("database", "engine", "processes", "disk", "placed/s", "ready/s"),
        rows,
        "thread: batches of 50 in the web process. singly, batches: the same work in processes of their own.",
    )
