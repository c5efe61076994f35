"""How the cost of each thing grows with the number of students: medians, and the slope where both axes are
logarithms. 0: it costs the same however many there are; 1: it costs as many times more.

The portal works in this process, so that nothing but its own work is measured; the file of the database was
written a moment before, and lies in memory where there is room for it.
"""

from __future__ import annotations

import math
import statistics
import time
from contextlib import closing, nullcontext
from typing import Any

from benchmarks import filling
from benchmarks.databases import postgres
from benchmarks.figures import keep, milliseconds, show
from benchmarks.stage import Stage
from benchmarks.works import Kind, kinds
from portal.database import db

SIZES = (1_000, 100_000, 1_200_000)
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def median(kind: Kind) -> float | None:
    """Seconds; None where there is nothing to work on."""
    seconds = []
    with closing(kind.works) if hasattr(kind.works, "close") else nullcontext():
        for _ in range(kind.times):
            work = next(kind.works)
            db.session.rollback()
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) if seconds else None


def measure(number: int, **environ: str) -> dict[str, Any]:
    """Medians in seconds by kind, and what the database weighs."""
    with Stage(PORTAL_ISSUANCE_THREAD="0", **environ) as stage:
        start = time.perf_counter()
        filling.fill(stage.app, number)
        filled = time.perf_counter() - start
        with stage.app.app_context():
            found = [(kind.name, kind.title, kind.waited_for, median(kind)) for kind in kinds(stage, number)]
            size = _bytes(stage)
    print(f"{number:,} students: filled in {filled:.0f} s, {size / 1e6:,.0f} MB", flush=True)
    return {"kinds": found, "bytes": size}


def _bytes(stage: Stage) -> int:
    if db.engine.dialect.name == "sqlite":
        return sum(file.stat().st_size for file in stage.server.instance.glob("portal.sqlite*"))
    with db.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def slope(sizes: list[int], seconds: list[float | None]) -> str:
    """Of the straight line through the points (logarithms on both axes) that fits best."""
    known = [(math.log(x), math.log(y)) for x, y in zip(sizes, seconds, strict=True) if y is not None]
    if len(known) < 2:
        return "–"
    return f"{statistics.linear_regression(*zip(*known, strict=True)).slope:.2f}"


def report(database: str, sizes: list[int], measured: list[dict[str, Any]]) -> None:
    series = []
    for place, (name, title, waited_for, _seconds) in enumerate(measured[0]["kinds"]):
        seconds = [one["kinds"][place][3] for one in measured]
        series.append({"name": name, "title": title, "waited_for": waited_for, "seconds": seconds})
    weights = [one["bytes"] for one in measured]
    keep(f"growth.{database}", {"sizes": sizes, "series": series, "bytes": weights})
    show(
        f"growth_{database}",
        f"The cost of one, by the number of students ({NAMES[database]}, medians)",
        ("", *(f"{size:,}" for size in sizes), "slope"),
        [
            [
                one["title"],
                *("–" if seconds is None else milliseconds(seconds) for seconds in one["seconds"]),
                slope(sizes, one["seconds"]),
            ]
            for one in series
        ],
        "The database: " + ", ".join(f"{weight / 1e6:,.0f} MB" for weight in weights) + ".",
    )


def main(*, quick: bool = False) -> None:
    sizes = [1_000, 10_000] if quick else list(SIZES)
    report("sqlite", sizes, [measure(size) for size in sizes])
    measured = []
    for size in sizes:
        with postgres() as url:
            measured.append(measure(size, PORTAL_DATABASE_URL=url))
    report("postgresql", sizes, measured)
