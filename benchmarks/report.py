"""Puts the figures of benchmarks/figures.json into docs/performance.md and draws its pictures.

    python -m benchmarks.report

A table stands between `<!-- figures: name -->` and `<!-- end -->`; nobody types a figure by hand.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.pictures import Axis, Line, chart

DOCS = Path(__file__).resolve().parent.parent / "docs"
DOCUMENT = DOCS / "performance.md"
_TABLE = re.compile(r"<!-- figures: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
_SIZES = ((1_000, "1,000"), (10_000, "10,000"), (100_000, "100,000"), (1_200_000, "1.2 million"))
_TIMES = ((1e-5, "0.01 ms"), (1e-4, "0.1 ms"), (1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "0.1 s"), (1.0, "1 s"))


def table(known: dict[str, Any], name: str) -> str:
    """As Markdown; what was not measured says so."""
    if name not in known:
        return "Not measured."
    if name == "machine":
        return "{processor}, {cores} cores, Python {python}, on {day}; load at the end {load}.".format_map(
            known["machine"]
        )
    shown = known[name]
    header, *rows = [[cell.replace("|", "\\|") for cell in row] for row in (shown["header"], *shown["rows"])]
    aligned = ["---", *["---:"] * (len(header) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (header, aligned, *rows)]
    return "\n".join([f"*{shown['title']}*", "", *lines, *(f"\n{note}" for note in shown["notes"])])


def growth(known: dict[str, Any]) -> str:
    """What somebody waits for, on a log-log plot: a straight level line doesn't grow."""
    found = known["growth.sqlite"]
    sizes = found["sizes"]
    lines = []
    for one in found["series"]:
        points = [
            (size, seconds)
            for size, seconds in zip(sizes, one["seconds"], strict=True)
            if seconds is not None
        ]
        if one["waited_for"] and len(points) > 1:
            lines.append(Line(one["title"], points))
    across = Axis("students", [tick for tick in _SIZES if sizes[0] <= tick[0] <= sizes[-1]], logarithmic=True)
    up = Axis("median (both axes are logarithmic)", _TIMES, logarithmic=True)
    return chart("What somebody waits for, by the number of students", across, up, lines)


def october(known: dict[str, Any]) -> str:
    lines = [Line(_machines(one["machines"]), one["queue"]) for one in known["october.queues"]]
    most = max(waiting for line in lines for _hour, waiting in line.points)
    power = 10.0 ** math.floor(math.log10(max(most, 10)))
    step = power if most >= 5 * power else power / 2
    ticks = [(number * step, f"{number * step:,.0f}") for number in range(max(1, math.ceil(most / step)) + 1)]
    up = Axis("orders and extensions that wait", ticks)
    across = Axis("hours after the mail of the first day", [(hour, f"{hour}") for hour in range(-1, 4)])
    return chart("The queue on 1 October, 1.2 million students", across, up, lines)


def _machines(number: float) -> str:
    return f"{number:g} machine{'s' if number > 1 else ''}"


def document(known: dict[str, Any], text: str) -> str:
    """The text with every table as it is known now."""
    return _TABLE.sub(
        lambda found: f"<!-- figures: {found[1]} -->\n{table(known, found[1])}\n<!-- end -->", text
    )


def pictures(known: dict[str, Any]) -> dict[str, str]:
    """The pictures' texts by the names of their files."""
    drawn = {
        "growth.sqlite": ("performance-growth.svg", growth),
        "october.queues": ("performance-october.svg", october),
    }
    return {name: draw(known) for kept, (name, draw) in drawn.items() if kept in known}


def main() -> None:
    known = figures.known()
    DOCUMENT.write_text(document(known, DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    for name, picture in pictures(known).items():
        (DOCS / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
