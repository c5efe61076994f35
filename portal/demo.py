"""The demonstration's people: the sample department, its portraits, and log-ins that everybody may know.

Only where `PORTAL_DEMO=1`. The sample's dates are moved, so that whoever is meant to be eligible is so on any
day. Loading again changes nothing; but in a new semester the plastic cards count as extended.
"""

from __future__ import annotations

import csv
import io
import os
import secrets
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from portal import audit, clock
from portal.accounts.passwords import hash_password
from portal.database import db, write
from portal.files import private_directory, write_private
from portal.identity import Account, Role
from portal.language import language_option
from portal.orders.validity import semester_end
from portal.registry import importer, portraits
from portal.registry.models import Student
from portal.registry.report import Report
from portal.settings import ROOT, settings

SAMPLE = ROOT / "sample" / "students.csv"
STUDENT_PASSWORD = "student"  # noqa: S105 — the demonstration's, printed at its start
STAFF = "dziekanat"
_SAMPLE_SEMESTER_END = date(2027, 3, 31)
_MOVING_DATES = ("graduated_on", "els_issued_on", "els_valid_until")

group = AppGroup("demo", help="The demonstration's made-up people.")


class DemoOnly(Exception):
    """Made-up people and known passwords have no place outside the demonstration."""


@dataclass(frozen=True)
class Login:
    """A log-in of the demonstration; `shows` says what to see with it, in the reader's language."""

    login: str
    password: str
    name: str
    shows: str


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


def load(app: Flask) -> Report:
    """Import the sample department and make its accounts, as far as they aren't there. May be repeated.

    Raises `DemoOnly` outside the demonstration.
    """
    with app.app_context():
        return _load()


def _load() -> Report:
    if not settings().demo:
        raise DemoOnly
    directory = settings().instance_dir / "demo"
    draw_portraits(directory / "photos")
    write_private(directory / "students.csv", _moved(SAMPLE.read_text(encoding="utf-8"), clock.today()))
    report = importer.run(
        directory / "students.csv",
        directory / "photos",
        # It must start, whatever its sample says today.
        importer.Options(allow_mass_revocation=True),
        actor=audit.SYSTEM,
    )
    _make_accounts()
    return report


def draw_portraits(directory: Path) -> None:
    """Put the sample's portraits, as the sample names them, into `directory` where they are missing."""
    private_directory(directory)
    for name, look in portraits.LOOKS.items():
        path = directory / f"{name}.jpg"
        if not path.exists():
            temporary = directory / f".{name}.{secrets.token_hex(8)}"
            temporary.write_bytes(portraits.draw(look))
            os.replace(temporary, path)


def _moved(sample: str, today: date) -> str:
    """The sample as it would be today: cards of the running semester are good to its end.

    All other dates are long past in the sample, and stay so: they move by whole years.
    """
    semesters = _semester(semester_end(today)) - _semester(_SAMPLE_SEMESTER_END)
    reader = csv.DictReader(io.StringIO(sample), delimiter=";")
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames or [], delimiter=";")
    writer.writeheader()
    for row in reader:
        for column in _MOVING_DATES:
            if row[column] == _SAMPLE_SEMESTER_END.isoformat():
                row[column] = semester_end(today).isoformat()
            elif row[column]:
                day = date.fromisoformat(row[column])
                row[column] = day.replace(year=day.year + semesters // 2).isoformat()
        writer.writerow(row)
    return out.getvalue()


def _semester(end: date) -> int:
    """Semesters counted through: two a year, ending in March and in October."""
    return end.year * 2 + (end.month > 6)


def _sample_people() -> Iterator[tuple[str, str, int]]:
    """Log-in, name and key of each sample student. Who has no album number logs in by the USOS number."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        usos_ids = list(dict.fromkeys(row["usos_id"] for row in csv.DictReader(file, delimiter=";")))
    found = {
        student.usos_id: student
        for student in db.session.scalars(select(Student).where(Student.usos_id.in_(usos_ids)))
    }
    for usos_id in usos_ids:
        if (student := found.get(usos_id)) is not None:
            name = f"{student.given_names} {student.surname}"
            yield student.album_number or usos_id, name, student.id


def _make_accounts() -> None:
    wanted: dict[str, int | None] = {login: key for login, _name, key in _sample_people()} | {STAFF: None}
    taken = set(db.session.scalars(select(Account.login)))
    hashes = {
        login: hash_password(STAFF if key is None else STUDENT_PASSWORD)
        for login, key in wanted.items()
        if login not in taken
    }
    with write() as session:
        taken = set(session.scalars(select(Account.login)))
        for login in hashes.keys() - taken:
            session.add(_account(login, wanted[login], hashes[login]))


def _account(login: str, student_id: int | None, password_hash: str) -> Account:
    return Account(
        public_id=uuid.uuid4().hex,
        login=login,
        role=Role.STAFF if student_id is None else Role.STUDENT,
        student_id=student_id,
        password_hash=password_hash,
        created_at=clock.now(),
    )


def logins() -> list[Login]:
    """Everybody who may log in to the demonstration, as the start prints them."""
    shows = _shows()
    students = [
        Login(login, STUDENT_PASSWORD, name, shows.get(login, "")) for login, name, _key in _sample_people()
    ]
    return [*students, Login(STAFF, STAFF, _("Dean's office"), _("a member of staff"))]


def _shows() -> dict[str, str]:
    return {
        "100001": _("may order"),
        "100002": _("may order (second-cycle studies)"),
        "100003": _("may order (a long name)"),
        "100004": _("may order (a short name, long-cycle studies)"),
        "100005": _("may order"),
        "100006": _("may order"),
        "100007": _("may order (second-cycle studies)"),
        "100008": _("may order (has got a second plastic card)"),
        "100009": _("may order (two programmes)"),
        "100010": _("may order"),
        "100011": _("may not: no active student status"),
        "100012": _("may not: no PESEL"),
        "500013": _("may not: no album number (logs in by the USOS number)"),
        "100014": _("may not: no photo"),
        "100015": _("may not: no plastic card (ELS)"),
        "100016": _("may not: the ELS was not extended"),
        "100017": _("may not: another surname since the ELS was issued"),
        "100018": _("may not: for several reasons at once"),
        "100019": _("may not: doctoral studies only"),
        "100020": _("may not: postgraduate studies only"),
        "100021": _("may not: graduated from first-cycle studies"),
        "100022": _("may not: the PESEL has a wrong check digit"),
    }


@group.command("load")
@language_option
def load_command(language: str) -> None:
    """Load the sample department and print the log-ins."""
    with force_locale(language):
        try:
            report = _load()
        except DemoOnly as refusal:
            why = _("Made-up people are loaded only into a demonstration (PORTAL_DEMO=1).")
            raise click.ClickException(why) from refusal
        for problem in report.problems:
            click.echo(str(problem), err=True)
        _print_table(logins())
    if report.problems:
        sys.exit(1)


def _print_table(people: list[Login]) -> None:
    header = (_("Log-in name"), _("Password"), _("Full name"), _("What it shows"))
    rows = [header, *((one.login, one.password, one.name, one.shows) for one in people)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


@group.command("portraits")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def portraits_command(directory: Path) -> None:
    """Draw the sample's portraits into DIRECTORY, to try `flask registry import` with."""
    draw_portraits(directory)
