"""Logging in and out."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.accounts import passwords, sessions
from portal.database import db, write
from portal.identity import Account
from tests.accounts.conftest import AuditRows
from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.pages import CheckedClient
from tests.support.people import make_student


def seen(answer: TestResponse, typed: str) -> tuple[int, str, list[str]]:
    """What a visitor can tell an answer by, without the form's token and the name as typed."""
    body = re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", answer.text).replace(typed, "")
    return answer.status_code, body, sorted(name for name, _ in answer.headers)


def test_the_right_password_leads_to_the_student_area(client: CheckedClient, student: int) -> None:
    answer = log_in(client)
    assert (answer.status_code, answer.location) == (303, "/dla-studentow")
    assert client.get("/dla-studentow").status_code == 200


def test_user_names_may_be_typed_in_capitals_and_with_spaces(client: CheckedClient, staff: int) -> None:
    assert log_in(client, " Dziekanat ", "dziekanat").status_code == 303


def test_a_letter_composed_of_two_characters_is_the_same_letter(app: Flask, client: CheckedClient) -> None:
    make_account(app, login="dziekanat", password="za\u017c\u00f3\u0142\u0107", role="staff")
    assert log_in(client, "dziekanat", "zaz\u0307o\u0301\u0142c\u0301").status_code == 303


@pytest.mark.parametrize("login", ["", "  ", "\t"])
def test_an_empty_name_is_asked_for(client: CheckedClient, login: str) -> None:
    answer = log_in(client, login)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("login", ["x" * 100_000, "\x1b", "99\x1b[0m", "\N{GRINNING FACE}", "1" * 65])
def test_names_that_cannot_be_are_refused_like_any_other(
    client: CheckedClient, student: int, login: str
) -> None:
    assert log_in(client, login).status_code == 422


def test_unknown_and_known_names_get_the_same_answer(app: Flask, client: CheckedClient, student: int) -> None:
    make_account(app, make_student(app, "100002"), "100002", password=None)
    make_account(app, make_student(app, "100003"), "100003", enabled=False)
    wrong = seen(log_in(client, "100001", "wrong"), "100001")
    assert wrong[0] == 422
    assert seen(log_in(client, "999999", "wrong"), "999999") == wrong
    assert seen(log_in(client, "100002", ""), "100002")[0] == 422
    assert seen(log_in(client, "100002", "wrong"), "100002") == wrong
    assert seen(log_in(client, "100003", "student"), "100003") == wrong


@pytest.mark.parametrize("login", ["100001", "100002", "100003", "999999", "x" * 1000])
def test_every_name_costs_the_same_work(
    app: Flask, client: CheckedClient, student: int, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds the hashing full had got as far as hashing."""
    make_account(app, make_student(app, "100002"), "100002", password=None)
    make_account(app, make_student(app, "100003"), "100003", enabled=False)
    monkeypatch.setattr(passwords, "gate", passwords.Gate(slots=1, waiting=0, patience=0))
    with passwords.gate.turn():
        answer = log_in(client, login)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_log_in_that_found_the_hashing_full_does_not_count_as_failed(
    client: CheckedClient, student: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "gate", passwords.Gate(slots=1, waiting=0, patience=0))
    with passwords.gate.turn():
        statuses = {log_in(client).status_code for _ in range(12)}
    assert statuses == {503}
    assert log_in(client).status_code == 303


def test_a_hash_with_older_parameters_is_made_anew_at_log_in(
    app: Flask, client: CheckedClient, student: int
) -> None:
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("student")
    assert passwords.outdated(weak)
    with app.app_context(), write() as session:
        session.execute(db.update(Account).values(password_hash=weak))
    assert log_in(client).status_code == 303
    with app.app_context():
        assert "m=19456,t=2,p=1" in db.session.scalars(db.select(Account.password_hash)).one()
    assert log_in(client).status_code == 303


def test_the_title_tells_of_the_failure(client: CheckedClient, student: int) -> None:
    assert "<title>Błąd: Zaloguj się" in log_in(client, password="wrong").text


def test_an_account_disabled_while_the_password_was_checked_gets_no_session(app: Flask, student: int) -> None:
    with app.test_request_context(), app.app_context():
        account = db.session.get(Account, student)
        assert account is not None
        db.session.expunge(account)
        app.test_cli_runner().invoke(args=["accounts", "disable", "100001"])
        with pytest.raises(sessions.AccountChanged):
            sessions.begin(account, password_hash="unused")
        assert db.session.scalars(db.select(Account.password_hash)).one() != "unused"


def test_a_form_without_its_token_is_refused(client: CheckedClient, student: int) -> None:
    csrf_token(client)
    answer = post(client, "/logowanie", {"login": "100001", "password": "student"})
    assert answer.status_code == 400
    assert client.get("/dla-studentow").status_code == 303


def test_extra_fields_change_nothing(app: Flask, client: CheckedClient, student: int) -> None:
    form = {"csrf_token": csrf_token(client), "login": "100001", "password": "student", "role": "staff"}
    assert post(client, "/logowanie", form).status_code == 303
    with app.app_context():
        assert db.session.scalars(db.select(Account.role)).one() == "student"


def test_log_out_is_a_post(client: CheckedClient, student: int) -> None:
    log_in(client)
    assert client.get("/wyloguj").status_code == 405
    assert client.get("/dla-studentow").status_code == 200


def test_after_log_out_the_visitor_is_nobody(client: CheckedClient, student: int) -> None:
    log_in(client)
    answer = post(client, "/wyloguj", {"csrf_token": csrf_token(client, "/dla-studentow")})
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Wylogowano Cię." in client.get("/").text
    assert client.get("/dla-studentow").status_code == 303


def test_log_out_without_a_session_is_no_error(client: CheckedClient) -> None:
    assert post(client, "/wyloguj", {"csrf_token": csrf_token(client)}).status_code == 303


def test_whoever_is_logged_in_needs_no_form(client: CheckedClient, student: int) -> None:
    log_in(client)
    assert client.get("/logowanie").location == "/dla-studentow"
    assert client.get("/logowanie?next=/konto/haslo").location == "/konto/haslo"


def test_the_audit_tells_of_log_ins_good_and_bad_and_of_log_outs(
    client: CheckedClient, student: int, public_id: str, audited: AuditRows
) -> None:
    log_in(client, "100001", "wrong")
    log_in(client, "a password typed as a name", "wrong")
    log_in(client)
    post(client, "/wyloguj", {"csrf_token": csrf_token(client, "/dla-studentow")})
    assert audited() == [
        ("login_refused", public_id),
        ("login_refused", None),
        ("logged_in", public_id),
        ("logged_out", public_id),
    ]


def test_what_was_typed_stands_in_no_log(
    client: CheckedClient, student: int, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        log_in(client, "typed-as-name", "typed-as-password")
    assert "typed-as" not in caplog.text
    stored = (app.extensions["portal.settings"].instance_dir / "portal.sqlite").read_bytes()
    assert b"typed-as" not in stored


def test_only_the_demonstration_tells_its_log_ins(client: CheckedClient) -> None:
    assert "Dane logowania do demonstracji" not in client.get("/logowanie").text
