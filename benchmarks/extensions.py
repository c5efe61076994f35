"""Extending everybody's card with one command, while the portal's pages are being used."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.figures import milliseconds, show
from benchmarks.load import Client, Results, Send, get, post, run
from benchmarks.stage import PAGE, Stage, Visitor
from portal import audit, clock
from portal.database import db, write
from portal.orders import CardEvents, issuance
from portal.orders.models import Order
from portal.orders.states import Event, Status
from portal.orders.transitions import Cause, write_history
from portal.orders.validity import semester_end
from portal.registry.models import PlasticCard

SIZES = (1_000, 3_000)
READERS = 10
"""Students who look at their page, each so many times a second."""
LOOKS = 1.0
NEWCOMERS = 400
"""Students without a card, of whom one orders every other second."""
QUIET = 10.0
"""Seconds of the same without the command, for comparison."""
LONGEST = 1_800.0
FORM = "application/x-www-form-urlencoded"
LOOK, ORDER = "a look at the order page", "„Zamów”"


@dataclass(frozen=True)
class Measured:
    cards: int
    seconds: float
    said: str
    pages: Results


def collected(keys: Sequence[int]) -> None:
    """A collected card for each of these students, and the ELS extended since. No wallet is needed for it."""
    for start in range(0, len(keys), 500):
        with write() as session:
            for key in keys[start : start + 500]:
                order = _order(key)
                session.add(order)
                session.flush()
                write_history(session, order.id, Event.PLACE, (None, Status.WAITING), Cause(audit.SYSTEM))
    while issuance.issue_due():
        pass
    references = db.session.query(Order.public_id, Order.planned_valid_until).all()
    with write() as session:
        for reference, last_day in references:
            assert CardEvents().card_collected(session, reference, last_day)
        session.query(PlasticCard).update({"valid_until": clock.today() + timedelta(days=400)})


def _order(student_id: int) -> Order:
    now = clock.now()
    return Order(
        public_id=uuid.uuid4().hex,
        student_id=student_id,
        status=Status.WAITING,
        ordered_at=now,
        status_at=now,
        due_at=now,
        planned_valid_until=semester_end(clock.today()),
    )


def looking(host: str, visitor: Visitor, over: threading.Event, after: float) -> Client:
    at = time.perf_counter() + after
    while not over.is_set():
        yield Send(get(PAGE, host, f"Cookie: {visitor.cookie}"), LOOK, at)
        at += 1 / LOOKS


def ordering(host: str, newcomers: Sequence[Visitor], over: threading.Event) -> Client:
    at = time.perf_counter()
    for visitor in newcomers:
        if over.is_set():
            return
        at += 2
        headers = (f"Cookie: {visitor.cookie}", f"Referer: http://{host}{PAGE}")
        yield Send(post(f"{PAGE}/zamow", host, f"csrf_token={visitor.csrf_token}", FORM, *headers), ORDER, at)


def pages(
    stage: Stage, readers: Sequence[Visitor], newcomers: Sequence[Visitor], over: threading.Event
) -> Results:
    """The portal in use until `over`."""
    clients = [looking(stage.host, one, over, place / READERS) for place, one in enumerate(readers)]
    return run(stage.port, [*clients, ordering(stage.host, newcomers, over)], LONGEST)


def measure(cards: int) -> tuple[Measured, Results]:
    """The command on so many cards, and the same pages before it."""
    with Stage() as stage:
        holders = [browsers[0] for browsers in stage.students(cards)]
        with stage.app.app_context():
            collected([holder.student_id for holder in holders])
        newcomers = [browsers[0] for browsers in stage.students(NEWCOMERS)]
        stage.start()
        quiet, over = threading.Event(), threading.Event()
        threading.Timer(QUIET, quiet.set).start()
        before = pages(stage, holders[-READERS:], newcomers[:50], quiet)
        said: list[str] = []

        def command() -> None:
            try:
                said.append(stage.server.command("orders", "extend", "--all-due", "--language", "en"))
            finally:
                over.set()

        worker = threading.Thread(target=command)
        start = time.perf_counter()
        worker.start()
        during = pages(stage, holders[-READERS:], newcomers[50:], over)
        worker.join()
        (summary,) = said
        return Measured(cards, during.seconds or time.perf_counter() - start, summary, during), before


def row(name: str, results: Results, kind: str, expected: int) -> list[str]:
    p50, p99 = (milliseconds(results.percentile(kind, share)) for share in (0.5, 0.99))
    return [f"{kind}, {name}", f"{results.count(kind):,}", p50, p99, str(results.errors(kind, expected))]


def main(*, quick: bool = False) -> None:
    sizes = (100, 200) if quick else SIZES
    costs, rows = [], []
    for cards in sizes:
        measured, before = measure(cards)
        seconds = measured.seconds
        done = measured.said.splitlines()[0]
        costs.append([f"{cards:,} cards", f"{seconds:,.1f} s", milliseconds(seconds / cards), done])
        for kind, expected in ((LOOK, 200), (ORDER, 303)):
            rows.append(row(f"{cards:,} cards at rest", before, kind, expected))
            rows.append(row(f"{cards:,} extended meanwhile", measured.pages, kind, expected))
    show(
        "extensions",
        "`flask orders extend --all-due`, the start of the command included",
        ("", "time", "a card", "said"),
        costs,
        f"Of the cost at {sizes[0]:,}: {float(_plain(costs[1][2])) / float(_plain(costs[0][2])):.2f}",
    )
    show(
        "extensions_meanwhile",
        f"{READERS} pages a second and an order every other",
        ("", "answers", "p50", "p99", "errors"),
        rows,
    )


def _plain(text: str) -> str:
    return text.removesuffix(" ms").replace(",", "")
