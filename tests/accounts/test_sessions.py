"""How long a session lasts, and what ends it."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask

from portal.database import db
from portal.identity import AccountSession
from tests.accounts.conftest import AuditRows
from tests.conftest import MovingClock
from tests.support.login import csrf_token, log_in, post
from tests.support.pages import CheckedClient

POLL = {"HX-Request": "true"}


def is_logged_in(client: CheckedClient) -> bool:
    return client.get("/sesja/stan").status_code == 200


def ends_in(client: CheckedClient) -> int:
    return int(client.get("/sesja/stan").json["ends_in"])


def last_seen(app: Flask) -> datetime:
    with app.app_context():
        return db.session.scalars(db.select(AccountSession.seen_at)).one()


def sessions(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count()).select_from(AccountSession)) or 0


def test_whoever_opens_nothing_for_the_idle_limit_is_out(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    clock.move(minutes=29, seconds=59)
    assert client.get("/dla-studentow").status_code == 200
    clock.move(minutes=30)
    assert client.get("/dla-studentow").status_code == 303


def test_the_log_in_page_says_that_the_session_is_over(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    assert "Sesja wygasła" not in client.get("/logowanie").text
    log_in(client)
    clock.move(minutes=31)
    answer = client.get("/dla-studentow")
    assert answer.location == "/logowanie?next=/dla-studentow"
    assert "Sesja wygasła" in client.get(answer.location).text


def test_whoever_goes_on_stays_until_the_absolute_limit(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    for _ in range(12 * 3 - 1):
        clock.move(minutes=20)
        assert client.get("/dla-studentow").status_code == 200
    clock.move(minutes=20)
    assert client.get("/dla-studentow").status_code == 303


def test_polls_do_not_extend_the_session(client: CheckedClient, student: int, clock: MovingClock) -> None:
    log_in(client)
    for _ in range(29):
        clock.move(minutes=1)
        assert client.get("/dla-studentow", headers=POLL).status_code == 200
        assert client.get("/sesja/stan").status_code == 200
    clock.move(minutes=1)
    assert client.get("/dla-studentow", headers=POLL).status_code == 401


def test_opening_pages_writes_at_most_once_a_minute(
    app: Flask, client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    start = last_seen(app)
    clock.move(seconds=59)
    client.get("/dla-studentow")
    assert last_seen(app) == start
    clock.move(seconds=1)
    client.get("/dla-studentow")
    assert last_seen(app) == clock.now()


def test_a_poll_after_the_end_is_sent_to_the_log_in_page_with_an_empty_body(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    clock.move(hours=1)
    here = client.base_url + "/konto/haslo?a=b"
    answer = client.get("/dla-studentow", headers=POLL | {"HX-Current-URL": here})
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["HX-Redirect"] == "/logowanie?next=/konto/haslo?a%3Db"


@pytest.mark.parametrize("here", ["https://evil.example/dla-studentow", "//evil.example", "javascript:x", ""])
def test_a_poll_from_a_strange_page_is_sent_to_the_plain_log_in_page(
    client: CheckedClient, here: str
) -> None:
    answer = client.get("/dla-studentow", headers=POLL | {"HX-Current-URL": here})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/logowanie")


def test_whoever_lost_the_session_comes_back_to_the_page(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    answer = client.get("/konto/haslo")
    assert answer.location == "/logowanie?next=/konto/haslo"
    assert 'name="next" value="/konto/haslo"' in client.get(answer.location).text


def test_a_form_sent_after_the_end_is_not_repeated_but_its_page_comes_back(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    token = csrf_token(client, "/dla-studentow")
    clock.move(hours=1)
    assert post(client, "/sesja/przedluz", {"csrf_token": token}).location == "/logowanie"
    assert post(client, "/konto/haslo", {"csrf_token": token}).location == "/logowanie?next=/konto/haslo"


def test_extending_starts_the_idle_limit_anew(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    token = csrf_token(client, "/dla-studentow")
    clock.move(minutes=29)
    assert client.get("/sesja/stan").json == {"ends_in": 60, "final": False}
    answer = post(client, "/sesja/przedluz", {"csrf_token": token}, **POLL)
    assert answer.json == {"ends_in": 1800, "final": False}
    assert ends_in(client) == 1800


def test_extending_needs_a_token_and_a_post(client: CheckedClient, student: int, clock: MovingClock) -> None:
    log_in(client)
    clock.move(minutes=29)
    assert post(client, "/sesja/przedluz", {}, **POLL).status_code == 400
    assert client.get("/sesja/przedluz", headers=POLL).status_code == 405
    assert ends_in(client) == 60


def test_the_absolute_limit_cannot_be_extended(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    token = csrf_token(client, "/dla-studentow")
    for _ in range(36):
        clock.move(minutes=20)
        post(client, "/sesja/przedluz", {"csrf_token": token})
        clock.move(seconds=-2)
    answer = post(client, "/sesja/przedluz", {"csrf_token": token}, **POLL)
    assert answer.json == {"ends_in": 72, "final": True}


def test_asking_how_long_it_lasts_after_the_end_is_401(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    clock.move(hours=1)
    assert client.get("/sesja/stan", headers=POLL).status_code == 401


def test_the_page_tells_its_script_when_the_session_ends(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    clock.move(seconds=40)
    page = client.get("/dla-studentow").text
    assert 'data-session-ends-in="1760" data-session-warn="120"' in page
    assert re.search(r'<script src="/[^"]*session\.[0-9a-f]+\.js"[^>]* defer>', page)


def test_visitors_have_no_session_to_be_warned_of(client: CheckedClient) -> None:
    assert "session-warning" not in client.get("/").text


def test_sessions_that_are_over_are_deleted_at_the_next_log_in(
    app: Flask, client: CheckedClient, second_client: CheckedClient, student: int, clock: MovingClock
) -> None:
    log_in(client)
    clock.move(minutes=31)
    log_in(second_client)
    assert sessions(app) == 1


def test_disabling_an_account_refuses_the_very_next_poll(
    app: Flask, client: CheckedClient, student: int
) -> None:
    log_in(client)
    assert app.test_cli_runner().invoke(args=["accounts", "disable", "100001"]).exit_code == 0
    assert client.get("/sesja/stan", headers=POLL).status_code == 401
    assert log_in(client).status_code == 422


def test_an_enabled_account_logs_in_with_its_password(
    app: Flask, client: CheckedClient, student: int
) -> None:
    app.test_cli_runner().invoke(args=["accounts", "disable", "100001"])
    app.test_cli_runner().invoke(args=["accounts", "enable", "100001"])
    assert not is_logged_in(client)
    assert log_in(client).status_code == 303


def test_the_command_line_ends_all_sessions_of_somebody(
    app: Flask, client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    log_in(client)
    log_in(second_client)
    result = app.test_cli_runner().invoke(args=["accounts", "sessions", "end", "100001"])
    assert "sessions ended: 2" in result.output
    assert not is_logged_in(client)
    assert not is_logged_in(second_client)


def test_somebody_elses_role_is_refused_and_audited(
    client: CheckedClient, staff: int, audited: AuditRows
) -> None:
    log_in(client, "dziekanat", "dziekanat")
    assert client.get("/dla-studentow").status_code == 403
    assert audited()[-1] == ("access_denied", None)
