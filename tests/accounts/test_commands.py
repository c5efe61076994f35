"""`flask accounts …`: invitations, staff, closing accounts."""

from __future__ import annotations

import csv
import re
import sqlite3
import stat
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, update

from portal.database import db, write
from portal.registry.models import Student
from tests.accounts.conftest import AuditRows
from tests.accounts.links import PASSWORD, accounts, link_for, opened, run, set_password
from tests.support.database_file import locked
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_student


def test_inviting_everybody_leaves_out_whoever_needs_none(app: Flask, tmp_path: Path, imported: int) -> None:
    make_student(app, None)
    make_account(app, make_student(app, "100002"), "100002")
    make_account(app, make_student(app, "100003"), "100003", password=None, enabled=False)
    make_student(app, "=HYPERLINK(1)", given_names="@SUM(1)", surname="-Nowak")
    file = tmp_path / "links.csv"
    result = run(app, "invite", "--all", "--csv", str(file))
    assert "2 links" in result.output
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["album"], row["given_names"], row["surname"]) for row in rows] == [
        ("100001", "Łucja", "Źródlana"),
        ("'=HYPERLINK(1)", "'@SUM(1)", "'-Nowak"),
    ]
    assert rows[0]["valid_until"] == "2026-12-04 12:00"
    assert rows[0]["link"].startswith("https://legitymacja.example.org/haslo/")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_links_of_the_file_work(app: Flask, client: CheckedClient, tmp_path: Path, imported: int) -> None:
    run(app, "invite", "--all", "--csv", str(tmp_path / "links.csv"))
    link = re.search(r"org(/haslo/[^,]+)", (tmp_path / "links.csv").read_text())
    assert link
    client.get(link[1])
    assert set_password(client).status_code == 303


def test_inviting_everybody_twice_makes_the_first_links_useless(
    app: Flask, client: CheckedClient, imported: int
) -> None:
    first, second = (re.findall(r"org(/haslo/\S+)", run(app, "invite", "--all").output)[0] for _ in range(2))
    assert opened(client, first) == 404
    assert opened(client, second) == 200
    assert accounts(app) == ["100001"]


def test_a_file_that_cannot_be_written_leaves_older_links_alive(
    app: Flask, client: CheckedClient, tmp_path: Path, imported: int
) -> None:
    link = link_for(app)
    (tmp_path / "file").write_text("")
    result = run(app, "invite", "--all", "--csv", str(tmp_path / "file" / "links.csv"))
    assert result.exit_code == 1
    assert "cannot be written" in result.output
    assert opened(client, link) == 200


@pytest.mark.parametrize("args", [[], ["100001", "--all"]])
def test_either_numbers_or_everybody(app: Flask, imported: int, args: list[str]) -> None:
    result = run(app, "invite", *args)
    assert (result.exit_code, "--all" in result.output) == (2, True)


def test_an_unknown_number_is_named_and_nobody_gets_a_link(
    app: Flask, imported: int, audited: AuditRows
) -> None:
    result = run(app, "invite", "100001", "999999")
    assert (result.exit_code, "999999" in result.output) == (1, True)
    assert audited() == []


def test_a_disabled_account_gets_no_link(app: Flask, student: int) -> None:
    run(app, "disable", "100001")
    result = run(app, "invite", "100001")
    assert (result.exit_code, "disabled" in result.output) == (1, True)


def test_an_account_follows_its_album_number_even_when_two_are_swapped(
    app: Flask, client: CheckedClient
) -> None:
    first, second = make_student(app, "100001"), make_student(app, "100002")
    make_account(app, first, "100001")
    make_account(app, second, "100002", password="dziekanat")
    with app.app_context(), write() as session:
        for student, album in ((first, None), (second, "100001"), (first, "100002")):
            session.execute(update(Student).where(Student.id == student).values(album_number=album))
    run(app, "invite", "100001")
    assert log_in(client, "100002", "student").status_code == 303
    assert log_in(client, "100001", "dziekanat").status_code == 303


def test_staff_get_an_account_with_a_link(app: Flask, client: CheckedClient) -> None:
    result = run(app, "add-staff", "anna.nowak")
    link = re.search(r"org(/haslo/\S+)", result.output)
    assert link
    client.get(link[1])
    set_password(client)
    assert log_in(client, "anna.nowak", PASSWORD).status_code == 303


def test_staff_get_a_new_link_by_their_name(app: Flask, client: CheckedClient, staff: int) -> None:
    client.get(link_for(app, "dziekanat"))
    set_password(client)
    assert log_in(client, "dziekanat", PASSWORD).status_code == 303


@pytest.mark.parametrize("name", ["Anna", "100001", "a", "anna nowak", "~anna", "żaneta", "a" * 41])
def test_a_name_that_could_be_taken_for_something_else_is_refused(app: Flask, name: str) -> None:
    assert run(app, "add-staff", name).exit_code == 1
    assert accounts(app) == []


def test_a_name_is_given_once(app: Flask, staff: int) -> None:
    result = run(app, "add-staff", "dziekanat")
    assert (result.exit_code, "already" in result.output) == (1, True)


@pytest.fixture
def like_staff(app: Flask) -> None:
    """A student whose album number is a user name of the staff."""
    run(app, "add-staff", "d1000")
    make_student(app, "d1000")


def test_an_album_number_that_is_a_user_name_is_named_and_stops_nobody_else(
    app: Flask, imported: int, like_staff: None
) -> None:
    result = run(app, "invite", "--all")
    assert (result.exit_code, "The album number d1000 is the user name" in result.stderr) == (1, True)
    assert result.stdout.startswith("100001\thttps://")


def test_who_invites_such_a_student_alone_makes_no_link_for_the_staff(
    app: Flask, like_staff: None, audited: AuditRows
) -> None:
    before = audited()
    result = run(app, "invite", "d1000")
    assert (result.exit_code, "No link was made" in result.output) == (1, True)
    assert audited() == before


def test_an_album_number_becomes_no_user_name(app: Flask) -> None:
    make_student(app, "d1000")
    result = run(app, "add-staff", "d1000")
    assert (result.exit_code, accounts(app)) == (1, [])


@pytest.mark.parametrize("person", [("--all",), ("d1000",), ("999999",)])
def test_where_no_link_is_made_an_older_file_stays(
    app: Flask, tmp_path: Path, like_staff: None, person: tuple[str]
) -> None:
    file = tmp_path / "links.csv"
    file.write_text("the letters of yesterday")
    run(app, "invite", *person, "--csv", str(file))
    assert file.read_text() == "the letters of yesterday"
    assert [one.name for one in tmp_path.glob("*links*")] == ["links.csv"]


@pytest.mark.parametrize(
    "command",
    [["invite", "--all"], ["add-staff", "anna"], ["disable", "100001"], ["sessions", "end", "100001"]],
)
def test_a_locked_database_is_said_in_a_sentence(
    app: Flask, instance: Path, student: int, command: list[str]
) -> None:
    with app.app_context():
        db.engine.dispose()
        event.listen(db.engine, "connect", impatient)
    with locked(instance):
        result = run(app, *command)
    assert result.output == (
        "Error: The database can't be read or written now: database is locked. Run the command again.\n"
    )
    assert result.exit_code == 1


def impatient(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=1")


@pytest.mark.parametrize("command", [["disable"], ["enable"], ["sessions", "end"]])
def test_a_command_for_nobody_says_so(app: Flask, command: list[str]) -> None:
    result = run(app, *command, "999999")
    assert (result.exit_code, "999999" in result.output) == (1, True)


def test_what_the_command_line_does_is_in_the_audit(
    app: Flask, client: CheckedClient, student: int, public_id: str, audited: AuditRows
) -> None:
    client.get(link_for(app))
    set_password(client)
    for command in (["disable"], ["enable"], ["sessions", "end"]):
        run(app, *command, "100001")
    events = ["invited", "password_set", "account_disabled", "account_enabled", "sessions_ended"]
    assert audited() == [(event, public_id) for event in events]
