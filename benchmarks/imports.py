"""Rows per second of `flask registry import`: new, repeated, and with every card extended."""

from __future__ import annotations

import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from benchmarks.people import birth_and_pesel
from benchmarks.stage import Stage
from benchmarks.table import show

ROWS = 10_000
COLUMNS = (
    "usos_id,album_number,given_names,surname,birth_date,pesel,student_status,programme_code,programme_name,"
    "faculty,study_level,programme_active,graduated_on,els_number,els_issued_on,els_valid_until"
)


def table(valid_until: date) -> str:
    lines = [COLUMNS]
    for number in range(ROWS):
        born, pesel = birth_and_pesel(number)
        person = f"u{number},{500_000 + number},Anna Maria,Źródlana,{born},{pesel},active"
        programme = "INF-S1,Informatyka,Wydział Informatyki,first_cycle,yes,"
        lines.append(f"{person},{programme},ELS{number},2025-10-01,{valid_until}")
    return "\n".join(lines) + "\n"


def main() -> None:
    today = date.today()  # noqa: DTZ011 — only to have cards that are valid
    rows = []
    with Stage() as stage, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "students.csv"
        for name, days in (("new people", 30), ("the same again", 30), ("every card extended", 180)):
            file.write_text(table(today + timedelta(days=days)), encoding="utf-8")
            start = time.perf_counter()
            stage.server.command("registry", "import", str(file))
            seconds = time.perf_counter() - start
            rows.append([name, f"{seconds:.1f} s", f"{ROWS / seconds:,.0f}"])
    first = float(rows[0][1].removesuffix(" s"))
    for row in rows:
        row.append(f"{float(row[1].removesuffix(' s')) / first:.2f}")
    show(
        f"Import of {ROWS:,} rows, the start of the command included",
        ("", "time", "rows/s", "of the first"),
        rows,
    )


if __name__ == "__main__":
    main()
