"""A portal to measure: an instance of its own with made-up people, served by granian, gone at the end."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from flask import Flask
from flask import session as cookie
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from benchmarks.people import account, student
from portal import audit, clock, create_app
from portal.database import db, write
from portal.identity import SESSION_KEY, Account, AccountSession, token_hash
from portal.issuer.interface import Offer
from portal.mlegitymacja.polling import version_seen
from portal.orders import issuance, service
from portal.orders.models import Order
from portal.settings import load
from tests.support.server import Server

PAGE = "/dla-studentow/mlegitymacja"


class BenchServer(Server):
    """The portal beside the yardsticks, otherwise as `make run` serves it."""

    application = "benchmarks.wsgi:app"


@dataclass(frozen=True)
class Visitor:
    """A student's browser, logged in."""

    student_id: int
    cookie: str
    """The whole ``Cookie`` header."""
    csrf_token: str


class Stage:
    """Fill it first (this process writes), then `start` the server (which writes from then on).

    `environ`: settings besides the demonstration's, for every process of this portal.
    """

    def __init__(self, **environ: str) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="portal-benchmark-"))
        self.server = BenchServer(self._directory / "instance", **environ)
        self.server.command("db", "upgrade")
        self.app = _application(self.server.environ)
        self._people = 0
        self._cores = os.sched_getaffinity(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.sched_setaffinity(0, self._cores)
        try:
            if self.server.process is not None:
                self._stop()
        finally:
            with self.app.app_context():
                db.engine.dispose()
            shutil.rmtree(self._directory, ignore_errors=True)

    def _stop(self) -> None:
        try:
            self.server.stop()
        except subprocess.TimeoutExpired:  # one that never came up: it must not be left behind
            self.server.kill()

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, *, apart: bool = False) -> None:
        """`apart`: the server on one core, this process on the others, where there are several."""
        first, *others = sorted(self._cores)
        if not (apart and others):
            self.server.start()
            return
        os.sched_setaffinity(0, {first})  # which the server inherits
        try:
            self.server.start()
        finally:
            os.sched_setaffinity(0, others)

    def students(self, number: int, *, sessions: int = 1) -> list[list[Visitor]]:
        """New students who may order, each logged in with so many browsers."""
        first, self._people = self._people, self._people + number
        with self.app.app_context():
            with write() as session:
                made = [student(first + place, clock.today()) for place in range(number)]
                session.add_all(made)
                session.flush()
                accounts = [account(one) for one in made]
                session.add_all(accounts)
                session.flush()
                tokens = [[secrets.token_urlsafe(32) for _ in range(sessions)] for _ in made]
                session.add_all(
                    _log_in(one.id, token) for one, own in zip(accounts, tokens, strict=True) for token in own
                )
            keys = [one.id for one in made]
        return [[self._visitor(key, token) for token in own] for key, own in zip(keys, tokens, strict=True)]

    def log_in(self, student_ids: list[int]) -> list[Visitor]:
        """A browser for each of these students, who have accounts."""
        tokens = [secrets.token_urlsafe(32) for _ in student_ids]
        with self.app.app_context():
            found = select(Account.student_id, Account.id).where(Account.student_id.in_(student_ids))
            accounts = {row.student_id: row.id for row in db.session.execute(found)}
            with write() as session:
                session.add_all(
                    _log_in(accounts[key], token) for key, token in zip(student_ids, tokens, strict=True)
                )
        return [self._visitor(key, token) for key, token in zip(student_ids, tokens, strict=True)]

    def order(self, *students: list[Visitor]) -> None:
        """Order a card for each student, and prepare it."""
        with self.app.app_context():
            for browsers in students:
                service.place(browsers[0].student_id, audit.SYSTEM)
            while issuance.issue_due():
                pass

    def seen(self) -> dict[int, str]:
        """What each student's page shows of the latest order, as its poll address says it; by student."""
        with self.app.app_context():
            orders = db.session.scalars(select(Order).order_by(Order.id))
            return {order.student_id: version_seen(order) for order in orders}

    def offers(self) -> list[Offer]:
        """All open offers with their codes."""
        with self.app.app_context():
            offers = [service.open_offer(order) for order in db.session.scalars(select(Order))]
            return [offer for offer in offers if offer is not None]

    def cpu_seconds(self) -> float:
        """Processor time that the server has used so far, all its processes together."""
        assert self.server.process is not None
        parent = psutil.Process(self.server.process.pid)
        spent = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        return float(sum(times.user + times.system for times in spent))

    def _visitor(self, student_id: int, token: str) -> Visitor:
        with self.app.test_request_context():
            cookie[SESSION_KEY] = token
            csrf_token = generate_csrf()
            serializer: Any = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
            signed = serializer.dumps(dict(cookie))
        return Visitor(student_id, f"{self.app.config['SESSION_COOKIE_NAME']}={signed}", csrf_token)


def _application(environ: dict[str, str]) -> Flask:
    logging.getLogger("portal.access").setLevel(logging.WARNING)
    return create_app(load(environ))


def _log_in(account_id: int, token: str) -> AccountSession:
    now = clock.now()
    return AccountSession(token_hash=token_hash(token), account_id=account_id, created_at=now, seen_at=now)
