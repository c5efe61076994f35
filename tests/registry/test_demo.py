"""The demonstration: its sample department and log-ins, on any day."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from portal import create_app, demo
from portal.accounts.passwords import verify
from portal.clock import today
from portal.database import db
from portal.identity import Account
from portal.orders.eligibility import Criterion, Eligibility, Verdict, check
from portal.registry import pesel
from portal.registry.models import Photo, Student, StudyLevel
from portal.registry.records import student_record
from portal.settings import Settings
from tests.conftest import MovingClock

ELIGIBLE = [f"{100000 + number}" for number in range(1, 11)]
FAILING = {
    "100011": Criterion.ACTIVE_STATUS,
    "100012": Criterion.PESEL,
    "100022": Criterion.PESEL,
    "500013": Criterion.ALBUM_NUMBER,
    "100014": Criterion.PHOTO,
    "100016": Criterion.ELS_EXTENDED,
    "100017": Criterion.DATA_UNCHANGED,
}


@pytest.fixture
def demo_app(settings: Settings, clock: MovingClock) -> Iterator[Flask]:
    app = create_app(replace(settings, demo=True), time=clock)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def command(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(demo.group, words)


def eligibility(login: str) -> Eligibility:
    key = db.session.scalars(select(Account.student_id).where(Account.login == login)).one()
    assert key is not None
    return check(student_record(db.session(), key), "classic", today())


def failing(login: str) -> list[Criterion]:
    return [each.criterion for each in eligibility(login).checks if each.verdict != Verdict.MET]


@pytest.mark.parametrize(
    "day",
    ["2024-02-29", "2026-03-15", "2026-09-30", "2026-10-31", "2027-04-01", "2031-10-01"],
)
def test_whoever_is_meant_to_be_eligible_is_so_on_any_day(
    demo_app: Flask, clock: MovingClock, day: str
) -> None:
    clock.instant = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    assert demo.load(demo_app).problems == []
    with demo_app.app_context():
        assert [login for login in ELIGIBLE if not eligibility(login).may_order] == []
        assert {login: failing(login) for login in FAILING} == {
            login: [criterion] for login, criterion in FAILING.items()
        }


def test_who_fails_several_criteria_or_studies_something_else(demo_app: Flask) -> None:
    demo.load(demo_app)
    with demo_app.app_context():
        assert failing("100015")[0] == Criterion.ELS_ISSUED
        assert len(failing("100018")) >= 3
        assert Criterion.ACTIVE_STATUS in failing("100021")
        assert eligibility("100019").other_card
        assert eligibility("100020").other_card


def test_loading_again_changes_nothing(demo_app: Flask, clock: MovingClock) -> None:
    first = demo.load(demo_app)
    clock.move(days=1)
    again = demo.load(demo_app)
    assert (first.new, first.changed) == (22, 0)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 22)


def test_a_new_semester_extends_the_plastic_cards(demo_app: Flask, clock: MovingClock) -> None:
    demo.load(demo_app)
    clock.instant = datetime(2027, 4, 1, tzinfo=UTC)
    assert demo.load(demo_app).changed > 10
    with demo_app.app_context():
        assert eligibility("100001").may_order


def test_everybody_has_the_printed_password_and_a_changed_one_stays(demo_app: Flask) -> None:
    demo.load(demo_app)
    with demo_app.app_context():
        printed = demo.logins()
        hashes = dict(db.session.execute(select(Account.login, Account.password_hash)).all())
        assert hashes.keys() == {one.login for one in printed}
        for login, password in (("100001", "student"), ("dziekanat", "dziekanat")):
            assert verify(hashes[login], password)
    demo.load(demo_app)
    with demo_app.app_context():
        assert dict(db.session.execute(select(Account.login, Account.password_hash)).all()) == hashes


def test_everybody_but_two_has_a_face_of_their_own(demo_app: Flask) -> None:
    demo.load(demo_app)
    with demo_app.app_context():
        faces = db.session.scalars(select(Photo.jpeg)).all()
    assert len(faces) == len(set(faces)) == 20


def test_pesels_agree_with_the_birth_dates(demo_app: Flask) -> None:
    demo.load(demo_app)
    with demo_app.app_context():
        people = db.session.scalars(select(Student).where(Student.pesel.is_not(None))).all()
    wrong = [one.album_number for one in people if pesel.birth_date(one.pesel or "") != one.birth_date]
    assert wrong == ["100022"]


def test_the_sample_shows_every_level_of_study() -> None:
    with demo.SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert {row["study_level"] for row in rows} == set(StudyLevel)


def test_the_command_prints_every_log_in_with_what_it_shows(demo_app: Flask) -> None:
    result = command(demo_app, "load")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) == 24
    assert lines[1].split()[:2] == ["100001", "student"]
    assert lines[1].endswith("może zamówić")
    assert lines[-1].startswith("dziekanat")


def test_the_table_comes_in_english_too(demo_app: Flask) -> None:
    assert "may not: no photo" in command(demo_app, "load", "--language", "en").output


def test_outside_the_demonstration_nobody_is_made(app: Flask) -> None:
    result = command(app, "load")
    assert result.exit_code == 1
    assert "PORTAL_DEMO=1" in result.output
    with app.app_context():
        assert db.session.scalars(select(Student.id)).all() == []
        assert db.session.scalars(select(Account.id)).all() == []


def test_the_sample_can_be_imported_as_the_manual_says(app: Flask, tmp_path: Path) -> None:
    command(app, "portraits", str(tmp_path / "photos"))
    words = ["registry", "import", str(demo.SAMPLE), "--photos", str(tmp_path / "photos")]
    result = app.test_cli_runner().invoke(args=words)
    assert (result.exit_code, "nowe 22" in result.output) == (0, True)
