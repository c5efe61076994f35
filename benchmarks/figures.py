"""What was measured: printed as tables, and kept for `docs/performance.md` and its pictures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("figures.json")
"""The figures that the document shows, by the name of each table or series."""
_taken: dict[str, Any] = {}


def show(name: str, title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> None:
    """Print a table and keep it under `name`: the first column flush left, then the notes."""
    keep(name, {"title": title, "header": list(header), "rows": [list(row) for row in rows], "notes": notes})
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    print(f"\n{title}")
    for row in (header, ["-" * width for width in widths], *rows):
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *others)))
    for note in notes:
        print(note)
    print(flush=True)


def keep(name: str, value: object) -> None:
    _taken[name] = value


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def save(path: Path = KEPT) -> None:
    """Put what was measured in this run into the file, beside what it has of other parts."""
    kept = load(path) if path.exists() else {}
    kept |= _taken | {"machine": _machine()}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def known() -> dict[str, Any]:
    """What this run has measured, and for the rest what was kept."""
    return (load() if KEPT.exists() else {}) | _taken


def load(path: Path = KEPT) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _machine() -> dict[str, object]:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": names[0].partition(":")[2].strip() if names else platform.machine(),
        "python": platform.python_version(),
        "day": datetime.now(UTC).date().isoformat(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }
