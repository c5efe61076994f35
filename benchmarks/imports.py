"""Rows per second of `flask registry import`: without cards at stake, and where everybody has one."""

from __future__ import annotations

import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, select

from benchmarks.figures import show
from benchmarks.people import birth_and_pesel
from benchmarks.stage import Stage
from portal import clock
from portal.database import write
from portal.orders.models import Order
from portal.orders.validity import ends_at
from portal.registry.models import Photo, Student

COLUMNS = (
    "usos_id,album_number,given_names,surname,birth_date,pesel,student_status,programme_code,programme_name,"
    "faculty,study_level,programme_active,graduated_on,els_number,els_issued_on,els_valid_until"
)


def table(valid_until: date, rows: int) -> str:
    lines = [COLUMNS]
    for number in range(rows):
        born, pesel = birth_and_pesel(number)
        person = f"u{number},{500_000 + number},Anna Maria,Źródlana,{born},{pesel},active"
        programme = "INF-S1,Informatyka,Wydział Informatyki,first_cycle,yes,"
        lines.append(f"{person},{programme},ELS{number},2025-10-01,{valid_until}")
    return "\n".join(lines) + "\n"


def give_cards(app: Flask, last_day: date) -> None:
    """A collected card for everybody, as the orders keep it."""
    with app.app_context(), write() as session:
        now = clock.now()
        photo = {"source_sha256": "", "width": 300, "height": 375, "updated_at": now, "jpeg": b""}
        order = {"status": "collected", "version": 1, "ordered_at": now, "status_at": now, "attempts": 1}
        days = {"planned_valid_until": last_day, "copy_valid_until": last_day, "due_at": ends_at(last_day)}
        keys = session.scalars(select(Student.id)).all()
        session.execute(insert(Photo), [photo | {"student_id": key} for key in keys])
        session.execute(
            insert(Order), [order | days | {"student_id": key, "public_id": f"{key:032}"} for key in keys]
        )


def main(*, quick: bool = False) -> None:
    people = 1_000 if quick else 10_000
    took = measure(people)
    first = took[0][1]
    show(
        "imports",
        f"Import of {people:,} rows, the start of the command included",
        ("", "time", "rows/s", "of the first"),
        [
            (name, f"{seconds:.1f} s", f"{people / seconds:,.0f}", f"{seconds / first:.2f}")
            for name, seconds in took
        ],
    )


def measure(people: int) -> list[tuple[str, float]]:
    today = date.today()  # noqa: DTZ011 — only to have cards that are valid
    soon, later, last = (table(today + timedelta(days=days), people) for days in (30, 180, 270))
    some_left = last.replace(",active,", ",none,", people // 50)
    took = []
    with Stage() as stage, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "students.csv"

        def run(name: str, text: str) -> None:
            file.write_text(text, encoding="utf-8")
            start = time.perf_counter()
            stage.server.command("registry", "import", str(file))
            took.append((name, time.perf_counter() - start))

        run("new people", soon)
        run("the same again", soon)
        run("every ELS extended", later)
        give_cards(stage.app, today + timedelta(days=180))
        run("all have an mLegitymacja: the same again", later)
        run("every ELS extended", last)
        run("one in fifty leaves", some_left)
    return took
