"""One-time links, used on a page."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from portal.accounts import links
from tests.accounts.links import DEAD, PASSWORD, link_for, opened, run, set_password
from tests.conftest import MovingClock
from tests.support.login import csrf_token, log_in, post
from tests.support.pages import CheckedClient


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


def test_disabling_an_account_ends_its_link(app: Flask, client: CheckedClient, imported: int) -> None:
    link = link_for(app)
    client.get(link)
    token = csrf_token(client, "/haslo")
    run(app, "disable", "100001")
    assert opened(client, link) == 404
    form = {"csrf_token": token, "password": PASSWORD, "repeated": PASSWORD}
    assert post(client, "/haslo", form).status_code == 404


def test_the_page_for_a_forgotten_password_says_where_to_go(client: CheckedClient) -> None:
    assert "dziekanat" in client.get("/zapomniane-haslo").text
