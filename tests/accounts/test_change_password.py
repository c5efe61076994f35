"""Changing the password on a page."""

from __future__ import annotations

from flask import Flask
from werkzeug.test import TestResponse

from tests.accounts.conftest import AuditRows
from tests.accounts.test_session_cookie import cookie_of, use_cookie
from tests.support.login import csrf_token, log_in, post
from tests.support.pages import CheckedClient

NEW = "zielony rower nad morzem"


def change(client: CheckedClient, current: str = "student", new: str = NEW, **more: str) -> TestResponse:
    form = {"csrf_token": csrf_token(client, "/konto/haslo"), "current": current, "password": new}
    return post(client, "/konto/haslo", form | {"repeated": new} | more)


def test_a_student_changes_the_password(client: CheckedClient, student: int) -> None:
    log_in(client)
    answer = change(client)
    assert (answer.status_code, answer.location) == (303, "/dla-studentow")
    assert "Hasło zostało zmienione." in client.get("/dla-studentow").text
    assert log_in(client, password="student").status_code == 422
    assert log_in(client, password=NEW).status_code == 303


def test_so_does_staff(client: CheckedClient, staff: int) -> None:
    log_in(client, "dziekanat", "dziekanat")
    assert change(client, "dziekanat").location == "/"


def test_all_other_sessions_end_and_this_one_gets_a_new_id(
    client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    log_in(second_client)
    log_in(client)
    old = cookie_of(client)
    change(client)
    assert client.get("/dla-studentow").status_code == 200
    assert second_client.get("/dla-studentow").status_code == 303
    use_cookie(second_client, old)
    assert second_client.get("/dla-studentow").status_code == 303


def test_the_current_password_is_asked_for(client: CheckedClient, student: int) -> None:
    log_in(client)
    answer = change(client, "wrong")
    assert (answer.status_code, "To nie jest Twoje obecne hasło." in answer.text) == (422, True)
    assert log_in(client, password="student").status_code == 303


def test_guessing_the_current_password_is_throttled(client: CheckedClient, student: int) -> None:
    log_in(client)
    assert {change(client, "wrong").status_code for _ in range(10)} == {422}
    answer = change(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")


def test_a_poor_password_is_refused(client: CheckedClient, student: int) -> None:
    log_in(client)
    answer = change(client, new="AnnaMaria1")
    assert (answer.status_code, "imienia, nazwiska lub numeru" in answer.text) == (422, True)


def test_a_link_made_before_is_dead_after(app: Flask, client: CheckedClient, student: int) -> None:
    output = app.test_cli_runner().invoke(args=["accounts", "invite", "100001"]).output
    link = output.split("example.org")[1].split()[0]
    log_in(client)
    change(client)
    assert client.get(link, follow_redirects=True).status_code == 404


def test_somebody_elses_password_cannot_be_named(client: CheckedClient, student: int, staff: int) -> None:
    log_in(client)
    assert change(client, login="dziekanat").status_code == 303
    assert log_in(client, "dziekanat", "dziekanat").status_code == 303


def test_it_needs_a_session(client: CheckedClient) -> None:
    assert client.get("/konto/haslo").location == "/logowanie?next=/konto/haslo"


def test_the_audit_tells_of_it(
    client: CheckedClient, student: int, public_id: str, audited: AuditRows
) -> None:
    log_in(client)
    change(client, "wrong")
    change(client)
    events = ["logged_in", "login_refused", "password_set"]
    assert audited() == [(event, public_id) for event in events]
