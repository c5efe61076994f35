"""Polls per second of logged-in students, beside a bare Flask view and a bare WSGI answer.

The kinds take turns in short rounds on one server, and the median of the rounds counts, so that whatever else
the machine does falls on all of them alike. Measured twice: with the server on one core and the load on the
others, where the server's own work shows; and with all cores shared, where several threads that wait for one
interpreter also pay for waking each other up.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from benchmarks.databases import postgres
from benchmarks.figures import keep, show
from benchmarks.load import get, repeat, run
from benchmarks.stage import PAGE, Stage, Visitor
from benchmarks.yardsticks import BARE_FLASK, BARE_WSGI
from portal.polling import PACE

STUDENTS = 250
BROWSERS = 8
"""Sessions of each student: a session may poll eight times a second and no more."""
CONNECTIONS = 8
SECONDS = 0.9
PAUSE = 0.1
WATCHED, GOOD_FOR = 45, 120
"""Seconds for which a page has been watching, and for which its poll address must not change."""
YARDSTICK = "bare Flask view"
EXPECTED = {"unchanged": 204}


@dataclass
class Series:
    """One kind's rounds."""

    requests: list[bytes]
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Seconds of the server's processor time for one request."""
    p99: list[float] = field(default_factory=list)
    errors: int = 0


def poll_address(seen: str) -> str:
    """As the page's section carries it after a while of watching, good for some minutes more."""
    step = next(index for index, (until, _every) in enumerate(PACE) if until >= WATCHED + GOOD_FOR)
    return f"{PAGE}/stan?seen={seen}&step={step}&since={int(time.time()) - WATCHED}"


def poll(host: str, visitor: Visitor, seen: str) -> bytes:
    referer = f"Referer: http://{host}{PAGE}"
    return get(poll_address(seen), host, "HX-Request: true", referer, f"Cookie: {visitor.cookie}")


def measure(stage: Stage, rounds: int, *, apart: bool) -> dict[str, Series]:
    students = stage.students(STUDENTS, sessions=BROWSERS)
    stage.order(*students)
    shown = stage.seen()
    stage.start(apart=apart)
    visitors = [students[place % STUDENTS][place // STUDENTS] for place in range(STUDENTS * BROWSERS)]
    kinds = {
        "bare WSGI answer": Series([get(BARE_WSGI, stage.host)]),
        YARDSTICK: Series([get(BARE_FLASK, stage.host)]),
        "unchanged": Series([poll(stage.host, one, shown[one.student_id]) for one in visitors]),
        "changed": Series([poll(stage.host, one, "none") for one in visitors]),
    }
    for kind, series in kinds.items():  # once, so that nobody pays for the first time
        _round(stage, kind, Series(series.requests), 0.3)
    for _ in range(rounds):
        for kind, series in kinds.items():
            time.sleep(PAUSE)
            _round(stage, kind, series, SECONDS)
    return kinds


def _round(stage: Stage, kind: str, series: Series, seconds: float) -> None:
    share = max(1, len(series.requests) // CONNECTIONS)
    parts = [series.requests[place * share : (place + 1) * share] for place in range(CONNECTIONS)]
    clients = [repeat(part or series.requests, kind) for part in parts]
    before = stage.cpu_seconds()
    results = run(stage.port, clients, seconds)
    done = results.count(kind)
    series.rates.append(results.rate(kind))
    series.cpu.append((stage.cpu_seconds() - before) / max(done, 1))
    series.p99.append(results.percentile(kind, 0.99))
    series.errors += results.errors(kind, EXPECTED.get(kind, 200)) + results.broken


def report(name: str, kinds: dict[str, Series], where: str) -> None:
    bare = kinds[YARDSTICK]
    rows = []
    for kind, series in kinds.items():
        by_rate = [own / yardstick for own, yardstick in zip(series.rates, bare.rates, strict=True)]
        by_cpu = [yardstick / own for own, yardstick in zip(series.cpu, bare.cpu, strict=True)]
        rows.append(
            [
                kind if kind.startswith("bare") else f"poll, {kind}",
                f"{statistics.median(series.rates):,.0f}",
                f"{statistics.median(series.p99) * 1000:.1f} ms",
                f"{statistics.median(series.cpu) * 1e6:,.0f} µs",
                f"{statistics.median(by_rate):.2f}",
                f"{statistics.median(by_cpu):.2f}",
                str(series.errors),
            ]
        )
        keep(f"{name}.{kind}", statistics.median(series.rates))
    show(
        name,
        f"Polls, {CONNECTIONS} connections, {where} (medians of {len(bare.rates)} rounds of {SECONDS} s)",
        ("", "requests/s", "p99", "server's CPU", "of bare Flask", "by CPU", "errors"),
        rows,
    )


def main(*, quick: bool = False) -> None:
    rounds = 2 if quick else 5
    for name, apart, where in (
        ("polls_apart", True, "server and load on cores of their own"),
        ("polls_shared", False, "all cores shared"),
    ):
        with Stage() as stage:
            report(name, measure(stage, rounds, apart=apart), where)
    with postgres() as url, Stage(PORTAL_DATABASE_URL=url) as stage:
        kinds = measure(stage, rounds, apart=False)
    report("polls_postgresql", kinds, "PostgreSQL, all cores shared")
