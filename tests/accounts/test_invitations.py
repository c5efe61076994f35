"""One-time links: made on the command line, used on a page."""

from __future__ import annotations

import csv
import re
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from portal.accounts import links
from portal.database import db, write
from portal.identity import Account
from portal.registry.models import Student
from tests.accounts.conftest import AuditRows
from tests.conftest import MovingClock
from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.pages import CheckedClient
from tests.support.people import make_student

PASSWORD = "zielony rower nad morzem"
DEAD = "Ten link nie działa"


@pytest.fixture
def imported(app: Flask) -> int:
    """Album 100001, imported, without an account; the key of the student."""
    return make_student(app, "100001", given_names="Łucja", surname="Źródlana")


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["accounts", *args])


def link_for(app: Flask, login: str = "100001", *options: str) -> str:
    """The path of a new link for this person."""
    result = run(app, "invite", login, *options)
    found = re.search(r"https://legitymacja\.example\.org(/haslo/\S+)", result.output)
    assert found, result.output
    return found[1]


def opened(client: CheckedClient, link: str) -> int:
    """The status of the page that a link leads to: 200 with the form, or 404."""
    return client.get(link, follow_redirects=True).status_code


def set_password(
    client: CheckedClient, password: str = PASSWORD, repeated: str | None = None
) -> TestResponse:
    """Send the form that an opened link leads to."""
    form = {"csrf_token": csrf_token(client, "/haslo"), "password": password}
    return post(client, "/haslo", form | {"repeated": password if repeated is None else repeated})


def accounts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Account.login).order_by(Account.login)))


def test_an_invited_student_sets_a_password_and_logs_in(
    app: Flask, client: CheckedClient, imported: int
) -> None:
    page = client.get(link_for(app), follow_redirects=True)
    assert 'value="100001"' in page.text
    answer = set_password(client)
    assert (answer.status_code, answer.location) == (303, "/logowanie")
    assert "Hasło zostało ustawione." in client.get("/logowanie").text
    assert log_in(client, "100001", PASSWORD).location == "/dla-studentow"


def test_a_link_works_once(
    app: Flask, client: CheckedClient, second_client: CheckedClient, imported: int
) -> None:
    link = link_for(app)
    second_client.get(link)
    client.get(link)
    set_password(client)
    answer = client.get(link, follow_redirects=True)
    assert (answer.status_code, DEAD in answer.text) == (404, True)
    assert second_client.get("/haslo").status_code == 404


def test_a_link_used_by_many_at_the_same_moment_sets_one_password(app: Flask, imported: int) -> None:
    token = link_for(app).removeprefix("/haslo/")
    start = threading.Barrier(4)

    def use(number: int) -> bool:
        with app.app_context():
            start.wait()
            try:
                links.set_password(token, f"{PASSWORD} {number}", None)
            except links.DeadLink:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [False, False, False, True]


def test_opening_a_link_does_not_use_it_up(app: Flask, client: CheckedClient, imported: int) -> None:
    link = link_for(app)
    for _ in range(3):
        assert client.head(link).status_code == 303
        assert opened(client, link) == 200


def test_unknown_used_expired_and_replaced_links_get_the_same_answer(
    app: Flask, client: CheckedClient, imported: int, clock: MovingClock
) -> None:
    replaced, expired = link_for(app), link_for(app)
    dead = ("/haslo/unknown", replaced, "/haslo", "/haslo/" + "x" * 5000)
    pages = [client.get(path, follow_redirects=True) for path in dead]
    clock.move(days=14)
    pages.append(client.get(expired, follow_redirects=True))
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r'csrf_token" value="[^"]*"', "", page.text) for page in pages}) == 1


def test_a_link_is_good_until_its_last_second(
    app: Flask, client: CheckedClient, imported: int, clock: MovingClock
) -> None:
    link = link_for(app, "100001", "--valid-days", "1")
    clock.move(days=1, seconds=-1)
    assert opened(client, link) == 200
    clock.move(seconds=1)
    assert opened(client, link) == 404


def test_a_link_that_ends_while_the_form_is_filled_in_sets_nothing(
    app: Flask, client: CheckedClient, imported: int, clock: MovingClock
) -> None:
    client.get(link_for(app))
    token = csrf_token(client, "/haslo")
    clock.move(days=14)
    form = {"csrf_token": token, "password": PASSWORD, "repeated": PASSWORD}
    assert post(client, "/haslo", form).status_code == 404
    assert log_in(client, "100001", PASSWORD).status_code == 422


def test_the_token_leaves_the_address_and_no_referer_holds_it(
    app: Flask, client: CheckedClient, imported: int
) -> None:
    link = link_for(app)
    answer = client.get(link)
    assert (answer.status_code, answer.location) == (303, "/haslo")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert link.removeprefix("/haslo/") not in client.get("/haslo").text


def test_the_token_stands_nowhere_but_in_the_link(
    app: Flask, client: CheckedClient, imported: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        link = link_for(app)
        client.get(link)
        set_password(client)
    token = link.removeprefix("/haslo/")
    assert token not in caplog.text
    instance = app.extensions["portal.settings"].instance_dir
    assert all(token.encode() not in file.read_bytes() for file in instance.glob("portal.sqlite*"))


def test_a_forgotten_password_gets_a_link_the_same_way(
    app: Flask, client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    log_in(second_client)
    client.get(link_for(app))
    assert log_in(client).status_code == 303, "the old password is good until the link is used"
    client.get(link_for(app))
    set_password(client)
    assert log_in(client).status_code == 422
    assert log_in(client, "100001", PASSWORD).status_code == 303
    assert second_client.get("/dla-studentow").status_code == 303, "other sessions ended"


def test_setting_a_password_on_somebody_elses_browser_logs_nobody_in(
    app: Flask, client: CheckedClient, imported: int, staff: int
) -> None:
    log_in(client, "dziekanat", "dziekanat")
    client.get(link_for(app))
    set_password(client)
    assert client.get("/konto/haslo").status_code == 303


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("krótkie", "co najmniej 10"),
        ("x" * 201, "co najwyżej 200"),
        ("100001100001", "imienia, nazwiska lub numeru"),
        ("ŁucjaŹródlana1", "imienia, nazwiska lub numeru"),
        ("Politechnika1", "zbyt popularne"),
        ("qwertyuiop", "zbyt popularne"),
        ("aaaaaaaaaaaa", "zbyt popularne"),
        ("abcdefghijkl", "zbyt popularne"),
        ("9876543210", "zbyt popularne"),
        ("", "Wpisz nowe hasło."),
    ],
)
def test_a_poor_password_is_refused_with_the_reason(
    app: Flask, client: CheckedClient, imported: int, password: str, said: str
) -> None:
    client.get(link_for(app))
    answer = set_password(client, password)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert set_password(client).status_code == 303, "the link was not used up"


@pytest.mark.parametrize(
    "password",
    ["x7" * 5 + "Qp", "a b c d e f", "ąęśćżźńółąę", "😀😁😂🤣😃😄😅😆😉😊", " " * 3 + "kot ma psa"],
)
def test_any_characters_will_do(app: Flask, client: CheckedClient, imported: int, password: str) -> None:
    client.get(link_for(app))
    assert set_password(client, password).status_code == 303
    assert log_in(client, "100001", password).status_code == 303


def test_both_passwords_must_be_the_same(app: Flask, client: CheckedClient, imported: int) -> None:
    client.get(link_for(app))
    answer = set_password(client, PASSWORD, "something different")
    assert (answer.status_code, "Wpisane hasła różnią się" in answer.text) == (422, True)
    assert PASSWORD not in answer.text


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


def test_disabling_an_account_ends_its_link(app: Flask, client: CheckedClient, imported: int) -> None:
    link = link_for(app)
    client.get(link)
    token = csrf_token(client, "/haslo")
    run(app, "disable", "100001")
    assert opened(client, link) == 404
    form = {"csrf_token": token, "password": PASSWORD, "repeated": PASSWORD}
    assert post(client, "/haslo", form).status_code == 404


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


def test_an_album_number_that_is_somebodys_user_name_is_named(app: Flask) -> None:
    run(app, "add-staff", "d1000")
    make_student(app, "d1000")
    result = run(app, "invite", "--all")
    assert (result.exit_code, "d1000" in result.output) == (1, True)


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


def test_the_page_for_a_forgotten_password_says_where_to_go(client: CheckedClient) -> None:
    assert "dziekanat" in client.get("/zapomniane-haslo").text
