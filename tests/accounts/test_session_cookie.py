"""What the cookie is good for, and what not."""

from __future__ import annotations

import pytest
from flask import Flask

from portal import create_app
from portal.database import db
from portal.identity import AccountSession
from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.support.login import csrf_token, log_in, post
from tests.support.pages import CheckedClient

COOKIE = "__Host-session"


def cookie_of(client: CheckedClient) -> str:
    cookie = client.get_cookie(COOKIE, "legitymacja.example.org")
    assert cookie is not None
    return cookie.value


def use_cookie(client: CheckedClient, value: str) -> None:
    client.set_cookie(COOKIE, value, domain="legitymacja.example.org", secure=True)


def is_logged_in(client: CheckedClient) -> bool:
    return client.get("/sesja/stan").status_code == 200


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
