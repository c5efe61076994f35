"""How long a session lasts, and what ends it."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from flask import Flask

from portal import create_app
from portal.database import db
from portal.identity import AccountSession
from portal.settings import Settings
from tests.accounts.conftest import AuditRows
from tests.conftest import MovingClock, make_settings
from tests.support.login import csrf_token, log_in, post
from tests.support.pages import CheckedClient

COOKIE = "__Host-session"
POLL = {"HX-Request": "true"}


def cookie_of(client: CheckedClient) -> str:
    cookie = client.get_cookie(COOKIE, "legitymacja.example.org")
    assert cookie is not None
    return cookie.value


def use_cookie(client: CheckedClient, value: str) -> None:
    client.set_cookie(COOKIE, value, domain="legitymacja.example.org", secure=True)


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


def test_the_cookie_is_closed_to_scripts_other_hosts_and_plain_http(
    client: CheckedClient, student: int
) -> None:
    header = log_in(client).headers["Set-Cookie"]
    assert header.startswith("__Host-session=")
    for attribute in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"):
        assert attribute in header
    assert "Domain" not in header
    assert "Expires" not in header


def test_without_https_the_cookie_has_its_plain_name(settings: Settings, clock: MovingClock) -> None:
    app = create_app(make_settings(settings.instance_dir, base_url="http://127.0.0.1:8000"), time=clock)
    header = app.test_client().get("/logowanie", base_url="http://127.0.0.1:8000").headers["Set-Cookie"]
    assert header.startswith("session=")
    assert "; Secure" not in header
    with app.app_context():
        db.engine.dispose()


def test_a_page_does_not_send_the_cookie_again(client: CheckedClient, student: int) -> None:
    log_in(client)
    client.get("/dla-studentow")
    assert "Set-Cookie" not in client.get("/dla-studentow").headers


def test_the_cookie_from_before_log_in_is_useless_after_it(
    client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    client.get("/logowanie")
    before = cookie_of(client)
    log_in(client)
    use_cookie(second_client, before)
    assert not is_logged_in(second_client)
    assert cookie_of(client) != before


def test_a_new_log_in_ends_the_session_before_it_on_the_same_browser(
    app: Flask, client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    log_in(client)
    use_cookie(second_client, cookie_of(client))
    form = {"csrf_token": csrf_token(client, "/dla-studentow"), "login": "100001", "password": "student"}
    assert post(client, "/logowanie", form).status_code == 303
    assert is_logged_in(client)
    assert not is_logged_in(second_client)
    assert sessions(app) == 1


def test_the_chosen_language_outlives_the_log_in(client: CheckedClient, student: int) -> None:
    post(client, "/jezyk", {"csrf_token": csrf_token(client), "language": "en", "next": "/"})
    log_in(client)
    assert '<html lang="en">' in client.get("/konto/haslo").text


def test_a_cookie_copied_before_log_out_is_dead_after_it(
    client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    log_in(client)
    use_cookie(second_client, cookie_of(client))
    assert is_logged_in(second_client)
    post(client, "/wyloguj", {"csrf_token": csrf_token(client, "/dla-studentow")})
    assert not is_logged_in(second_client)


def test_two_browsers_are_two_sessions(
    client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    log_in(client)
    log_in(second_client)
    post(client, "/wyloguj", {"csrf_token": csrf_token(client, "/dla-studentow")})
    assert is_logged_in(second_client)


@pytest.mark.parametrize(
    "cookie", ["", "x", "e30.x.y", "eyJzaWQiOiJ4In0.aZ.AAAA", ".eJyrVsrMTVWyUqoFAA", "\x7f" * 50, "a" * 3000]
)
def test_a_tampered_cookie_is_an_anonymous_visitor(client: CheckedClient, student: int, cookie: str) -> None:
    use_cookie(client, cookie)
    assert client.get("/dla-studentow").status_code == 303
    assert client.get("/logowanie").status_code == 200


def test_a_changed_cookie_is_an_anonymous_visitor(client: CheckedClient, student: int) -> None:
    log_in(client)
    value = cookie_of(client)
    use_cookie(client, value[:5] + ("A" if value[5] != "A" else "B") + value[6:])
    assert client.get("/dla-studentow").status_code == 303


@pytest.mark.parametrize("sid", [None, 7, ["x"], {"a": "b"}, "no such token"])
def test_a_signed_cookie_with_a_strange_token_is_an_anonymous_visitor(
    client: CheckedClient, student: int, sid: object
) -> None:
    with client.session_transaction(base_url=client.base_url) as session:
        session["sid"] = sid
    assert client.get("/dla-studentow").status_code == 303


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
