"""What is done to a portal of many students: `growth` times it, `plans` looks at its queries."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import create_environ

from benchmarks import filling
from benchmarks.imports import COLUMNS
from benchmarks.people import birth_and_pesel
from benchmarks.polls import poll_address
from benchmarks.stage import PAGE, Stage
from portal import audit, clock
from portal.database import db
from portal.issuer.models import Card, IssuedCopy
from portal.issuer.status_lists import publisher
from portal.mlegitymacja.polling import version_seen
from portal.orders import issuance, retention, service
from portal.orders.models import Order
from portal.orders.sweep import sweep
from portal.orders.validity import semester_end
from portal.registry import importer
from tests.support.wallet import FlaskHttp, Wallet

TIMES = 50
ROWS = 100
"""Of the small file."""

Work = Callable[[], object]


@dataclass(frozen=True)
class Kind:
    """Works of one kind; each is made ready by `next`, then done."""

    name: str
    title: str
    works: Iterator[Work]
    times: int = TIMES
    waited_for: bool = True
    """By a student, an app or a verifier; else it is the engine's or the administrator's."""


def kinds(stage: Stage, number: int) -> Iterator[Kind]:
    """To be done in this order, in an application context: some use up what they work on."""
    holders = list(itertools.islice(filling.collected(number), 300))
    newcomers = list(itertools.islice(filling.without(number), TIMES))
    pages = _Pages(stage, holders[:TIMES])
    always = itertools.count()
    yield Kind("poll", "poll, unchanged", (pages.poll() for _ in always), 10 * TIMES)
    yield Kind("page", "order page", (pages.get(PAGE) for _ in always))
    yield Kind("history", "page of all orders", (pages.get(f"{PAGE}/historia") for _ in always))
    yield Kind("place", "„Zamów”", (_place(key) for key in newcomers))
    yield Kind("prepare", "claim and prepare one order", (_prepare(key) for key in newcomers))
    batches = min(10, number // issuance.BATCH // 50)
    yield Kind(
        "batch", "claim and prepare 50 of a queue", itertools.repeat(_batch), batches, waited_for=False
    )
    yield Kind("collect", "an app takes its card", (_collect(stage.app, key) for key in newcomers), 20)
    yield Kind("revoke", "„Unieważnij”", (_revoke(key) for key in holders[TIMES : 2 * TIMES]))
    yield Kind("list", "sign the status list anew", (_sign_list(key) for key in holders[2 * TIMES :]))
    yield Kind("health", "/healthz", (pages.get("/healthz", 200, 503) for _ in always), 10, waited_for=False)
    yield Kind("import", f"import of {ROWS} rows", _imports(number), 5, waited_for=False)
    yield Kind("sweep", "sweep, nothing due", itertools.repeat(sweep), 10, waited_for=False)
    yield Kind("forget", "look for whom to forget, hourly", _forgetting(stage.app), 3, waited_for=False)


class _Pages:
    """Some students' browsers, which take turns."""

    def __init__(self, stage: Stage, students: list[int]) -> None:
        self._stage = stage
        self._turns = itertools.cycle(zip(students, stage.log_in(students), strict=True))

    def get(self, path: str, *expected: int) -> Work:
        _key, visitor = next(self._turns)
        return self._asking(path, visitor.cookie, expected or (200,))

    def poll(self) -> Work:
        key, visitor = next(self._turns)
        return self._asking(poll_address(version_seen(_latest(key))), visitor.cookie, (204,))

    def _asking(self, path: str, cookie: str, expected: tuple[int, ...]) -> Work:
        headers = {"Cookie": cookie, "HX-Request": "true"} if "?" in path else {"Cookie": cookie}
        environ = create_environ(path, f"http://{self._stage.host}", headers=headers)

        def start(status: str, _headers: object, _error: object = None) -> None:
            if int(status[:3]) not in expected:
                raise RuntimeError(f"{path} answers {status}")

        def work() -> None:
            answer: Any = self._stage.app(dict(environ), start)
            b"".join(answer)
            if hasattr(answer, "close"):
                answer.close()

        return work


def _latest(student_id: int) -> Order:
    (order,) = service.newest(student_id, 1)
    return order


def _place(student_id: int) -> Work:
    return lambda: service.place(student_id, audit.SYSTEM)


def _prepare(student_id: int) -> Work:
    order_id = _latest(student_id).id
    return lambda: issuance.issue(order_id)


def _collect(app: Flask, student_id: int) -> Work:
    offer = service.open_offer(_latest(student_id))
    if offer is None:
        raise RuntimeError("the card is not ready")
    phone = Wallet(FlaskHttp(app))
    return lambda: phone.collect(offer.uri, offer.activation_code)


def _batch() -> None:
    if not issuance.issue_due():
        raise RuntimeError("the queue is empty")


def _revoke(student_id: int) -> Work:
    order = _latest(student_id)
    return lambda: service.revoke(order, audit.SYSTEM)


def _sign_list(student_id: int) -> Work:
    order = _latest(student_id)
    with_card = select(IssuedCopy.list_id).join(Card, Card.id == IssuedCopy.card_id)
    list_id = db.session.scalars(with_card.where(Card.reference == order.public_id)).one()
    service.revoke(order, audit.SYSTEM)
    return lambda: publisher().get(list_id)


def _imports(number: int) -> Iterator[Work]:
    """The ELS of the same people is extended again and again."""
    students = list(itertools.islice(filling.collected(number), 400, 400 + ROWS))
    born, pesel = birth_and_pesel(1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "students.csv"
        for days in itertools.count(1):
            lines = [COLUMNS]
            valid_until = semester_end(clock.today()) + timedelta(days=days)
            for key in students:
                person = f"u{key},a{key},Anna Maria,Źródlana,{born},{pesel},active"
                programme = "INF-1,Informatyka,Wydział Informatyki,first_cycle,yes,"
                issued_on = clock.today() - timedelta(days=30)
                lines.append(f"{person},{programme},e{key},{issued_on},{valid_until}")
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            yield lambda: importer.run(file)


def _forgetting(app: Flask) -> Iterator[Work]:
    while True:
        app.extensions.pop(retention._LOOKED_AT, None)
        yield retention.forget
