"""A thousand tabs that poll every two seconds while other students order: p50, p99 and errors."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from benchmarks.load import Client, Send, post, run
from benchmarks.polls import poll
from benchmarks.stage import PAGE, Stage, Visitor
from benchmarks.table import milliseconds, show

TABS = 1000
EVERY = 2.0
SECONDS = 20.0
ORDERS = 200
FORM = "application/x-www-form-urlencoded"


def tab(request: bytes, first: float) -> Client:
    """Polls at its own times, whether or not the answer before was late."""
    at = first
    while True:
        yield Send(request, "poll", at)
        at += EVERY


def ordering(host: str, students: Sequence[list[Visitor]], first: float) -> Client:
    """One student after another presses „Zamów”."""
    for place, (visitor, *_others) in enumerate(students):
        headers = (f"Cookie: {visitor.cookie}", f"Referer: http://{host}{PAGE}")
        request = post(f"{PAGE}/zamow", host, f"csrf_token={visitor.csrf_token}", FORM, *headers)
        yield Send(request, "order", first + place * SECONDS / ORDERS)


def main() -> None:
    with Stage() as stage:
        watching, waiting = stage.students(TABS), stage.students(ORDERS)
        stage.order(*watching)
        shown = stage.seen()
        stage.start()
        begin = time.perf_counter() + 2
        clients = [
            tab(poll(stage.host, one, shown[one.student_id]), begin + random.uniform(0, EVERY))
            for one, *_others in watching
        ]
        results = run(
            stage.port,
            [*clients, ordering(stage.host, waiting, begin)],
            SECONDS + begin - time.perf_counter(),
        )
        rows = [
            [
                name,
                f"{results.count(kind):,}",
                milliseconds(results.percentile(kind, 0.5)),
                milliseconds(results.percentile(kind, 0.99)),
                str(results.errors(kind, expected) + results.broken),
            ]
            for name, kind, expected in (("poll, unchanged", "poll", 204), ("„Zamów”", "order", 303))
        ]
        show(
            f"{TABS} tabs polling every {EVERY:.0f} s for {SECONDS:.0f} s, {ORDERS} orders meanwhile",
            ("", "answers", "p50", "p99", "errors"),
            rows,
            f"Of {ORDERS} orders {ready(stage) - TABS} were ready at the end.",
        )


def ready(stage: Stage) -> int:
    return len(stage.offers())


if __name__ == "__main__":
    main()
