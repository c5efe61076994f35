"""A thousand tabs that poll every two seconds while students order and cards are issued."""

from __future__ import annotations

import html
import random
import re
import time
from collections.abc import Iterator, Sequence

from benchmarks.load import Client, Results, Send, get, post, run
from benchmarks.polls import poll
from benchmarks.stage import PAGE, Stage, Visitor
from benchmarks.table import milliseconds, show
from benchmarks.yardsticks import BARE_FLASK

TABS = 1000
EVERY = 2.0
SECONDS = 20.0
ORDERS = 300
"""Placed meanwhile, by students whose own tab is among those that poll."""
HANDS = 10
"""Students who may press the button at the same time; and clients of the yardstick."""
FORM = "application/x-www-form-urlencoded"
UNCHANGED, NEWS, ORDER, YARDSTICK = "poll, unchanged", "poll, news", "„Zamów”", "bare Flask view"
_ADDRESS = re.compile(r'data-hx-get="([^"]+)"')


def tab(host: str, visitor: Visitor, seen: str, after: float) -> Client:
    """Polls at its own times, whether or not the last answer was late, and follows news as htmx does."""
    request, at = poll(host, visitor, seen), time.perf_counter() + after
    while True:
        reply = yield Send(request, UNCHANGED, at, {200: NEWS})
        if reply.status == 200 and (found := _ADDRESS.search(reply.text)):
            address = html.unescape(found[1])
            request = get(address, host, "HX-Request: true", f"Cookie: {visitor.cookie}")
        at += EVERY


def ordering(host: str, students: Sequence[Visitor], hand: int) -> Client:
    """Every tenth student presses „Zamów” when it is their turn."""
    begin = time.perf_counter()
    for place, visitor in list(enumerate(students))[hand::HANDS]:
        headers = (f"Cookie: {visitor.cookie}", f"Referer: http://{host}{PAGE}")
        body = f"csrf_token={visitor.csrf_token}"
        at = begin + place * SECONDS / len(students)
        yield Send(post(f"{PAGE}/zamow", host, body, FORM, *headers), ORDER, at)


def bare(host: str, after: float) -> Client:
    """The yardstick in the same crowd, as a tab would ask for it."""
    at = time.perf_counter() + after
    while True:
        yield Send(get(BARE_FLASK, host), YARDSTICK, at)
        at += EVERY


def clients(stage: Stage, people: Sequence[Visitor], shown: dict[int, str]) -> Iterator[Client]:
    for one in people:
        yield tab(stage.host, one, shown.get(one.student_id, "none"), random.uniform(0, EVERY))
    for hand in range(HANDS):
        yield ordering(stage.host, people[:ORDERS], hand)
    for place in range(HANDS):
        yield bare(stage.host, place * EVERY / HANDS)


def measure() -> Results:
    with Stage() as stage:
        students = stage.students(TABS)
        stage.order(*students[ORDERS:])
        shown = stage.seen()
        stage.start()
        people = [browsers[0] for browsers in students]
        return run(stage.port, clients(stage, people, shown), SECONDS)


def main() -> None:
    results = measure()
    yardstick = results.percentile(YARDSTICK, 0.5)
    rows = []
    for kind, expected in ((UNCHANGED, 204), (NEWS, 200), (ORDER, 303), (YARDSTICK, 200)):
        p50, p99 = (results.percentile(kind, share) for share in (0.5, 0.99))
        errors = str(results.errors(kind, expected))
        count = f"{results.count(kind):,}"
        rows.append([kind, count, milliseconds(p50), milliseconds(p99), errors, f"{p50 / yardstick:.1f}"])
    show(
        f"{TABS:,} tabs polling every {EVERY:.0f} s for {SECONDS:.0f} s, {ORDERS} orders meanwhile",
        ("", "answers", "p50", "p99", "errors", "p50 of bare Flask's"),
        rows,
        f"Connections broken or answers missing: {results.broken}.",
    )


if __name__ == "__main__":
    main()
