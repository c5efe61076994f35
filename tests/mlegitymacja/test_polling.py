from __future__ import annotations

import time

import pytest
from flask import Flask

from portal.audit import Actor
from portal.database import write
from portal.identity import Account
from portal.orders import service
from portal.polling import PACE
from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import PAGE, Student, parameters
from tests.support.html import Page
from tests.support.pages import CheckedClient


def test_nothing_new_answers_204_without_a_body(student: Student) -> None:
    student.order()
    address = student.poll_address()
    assert address
    answer = student.poll(address)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "HX-Request" in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers


def test_news_bring_the_section_the_title_and_one_sentence(student: Student) -> None:
    student.order()
    address = student.poll_address()
    assert address
    student.issue()
    page = Page(student.poll(address).text)
    assert "Do odbioru" in page.one("section", id="order").text
    assert page.one("title").text.startswith("Do odbioru")
    live = page.one("p", id="order-live")
    assert live["data-hx-swap-oob"] == "innerHTML"
    assert live.text == "Twoja mLegitymacja jest gotowa. Możesz dodać ją do aplikacji."


def test_slowing_down_changes_the_interval_without_a_word(student: Student, clock: MovingClock) -> None:
    student.order()
    address = student.poll_address()
    assert address
    clock.move(seconds=11)
    page = Page(student.poll(address).text)
    section = page.one("section", id="order")
    assert section["data-hx-trigger"].startswith("every ")
    assert 800 <= int(section["data-hx-trigger"].removeprefix("every ").removesuffix("ms")) <= 1200
    assert not page.all("p", id="order-live")
    assert not page.all("title")


def test_polling_stops_after_some_minutes_and_goes_on_by_hand(student: Student, clock: MovingClock) -> None:
    student.order()
    address = student.poll_address()
    assert address
    clock.move(seconds=PACE[-1][0] + 1)
    page = Page(student.poll(address).text)
    section = page.one("section", id="order")
    assert not section["data-hx-get"]
    assert "Sprawdź status zamówienia" in section.text
    assert student.poll_address(), "opened by hand, the page watches again"


def test_a_final_state_is_not_polled(student: Student) -> None:
    order = student.order()
    student.press(f"{PAGE}/anuluj/{order.public_id}")
    assert student.poll_address() is None


def test_a_poll_keeps_the_codes_in_sight(student: Student) -> None:
    student.order()
    student.issue()
    address = student.poll_address(PAGE + "/kody")
    assert address
    offer = student.offer
    assert offer
    stale = address.replace(parameters(address)["seen"], "stale")
    assert offer.uri in student.poll(stale).text


def test_the_collected_card_appears_by_itself(app: Flask, student: Student) -> None:
    order = student.order()
    student.issue()
    address = student.poll_address(PAGE + "/kody")
    assert address
    with app.app_context(), write() as session:
        assert app.extensions["portal.issuer.listener"].card_collected(
            session, order.public_id, order.planned_valid_until
        )
    answer = student.poll(address).text
    assert "Odebrana" in answer
    assert "Twoja mLegitymacja została dodana do aplikacji." in answer


def test_polls_do_not_extend_the_idle_limit(student: Student, clock: MovingClock) -> None:
    student.order()
    address = student.poll_address()
    assert address
    for _minute in range(29):
        clock.move(minutes=1)
        assert student.poll(address).status_code == 200
    clock.move(minutes=2)
    answer = student.poll(address)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/logowanie")
    assert not answer.data


def test_a_disabled_accounts_next_poll_is_refused(app: Flask, student: Student) -> None:
    student.order()
    address = student.poll_address()
    assert address
    with app.app_context(), write() as session:
        session.query(Account).update({"enabled": False})
    assert student.poll(address).status_code == 401


def test_a_strangers_poll_shows_nothing_of_the_order(student: Student, stranger: Student) -> None:
    student.order()
    address = student.poll_address()
    assert address
    answer = stranger.poll(address)
    assert student.latest.public_id not in answer.text
    assert "Nie masz jeszcze mLegitymacji" in answer.text


def test_flooding_polls_costs_the_flooder_only(student: Student, stranger: Student) -> None:
    student.order()
    stranger.order()
    address, others = student.poll_address(), stranger.poll_address()
    assert address
    assert others
    answers = [student.poll(address) for _ in range(300)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Retry-After"]
    assert stranger.poll(others).status_code == 204


def test_made_up_poll_addresses_are_answered_sensibly(student: Student) -> None:
    student.order()
    for query in (
        "",
        "?since=x&step=y",
        "?since=-1&step=99",
        "?seen=%01&codes=2",
        "?step=-5&since=99999999999999",
    ):
        answer = student.poll(f"{PAGE}/stan{query}")
        assert answer.status_code == 200
        assert "Oczekuje" in answer.text


def test_without_htmx_the_poll_address_leads_to_the_page(student: Student) -> None:
    answer = student.client.get(PAGE + "/stan")
    assert (answer.status_code, answer.location) == (303, PAGE)


def test_an_order_placed_elsewhere_shows_at_the_next_view(
    app: Flask, student: Student, client: CheckedClient
) -> None:
    with app.app_context():
        service.place(student.id, Actor("mobile"))
    section = student.page().one("section", id="order")
    assert "Oczekuje" in section.text
    assert section["data-hx-get"], "and changes by itself from then on"


def test_a_poll_with_an_altered_cookie_finds_nobody_even_after_good_ones(
    app: Flask, student: Student
) -> None:
    student.order()
    address = student.poll_address()
    assert address
    assert student.poll(address).status_code == 204
    name, domain = app.config["SESSION_COOKIE_NAME"], "legitymacja.example.org"
    cookie = student.client.get_cookie(name, domain=domain)
    assert cookie is not None
    # Not the signature's last letter, some bits of which mean nothing.
    content, _dot, signature = cookie.value.rpartition(".")
    altered = f"{content}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    student.client.set_cookie(name, altered, domain=domain, secure=True, path="/")
    assert student.poll(address).status_code == 401
    student.client.set_cookie(name, cookie.value, domain=domain, secure=True, path="/")
    assert student.poll(address).status_code == 204


def test_a_cookie_older_than_any_session_finds_nobody(
    app: Flask, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    student.order()
    address = student.poll_address()
    assert address
    assert student.poll(address).status_code == 204
    a_year_later = time.time() + 366 * 86_400
    monkeypatch.setattr(time, "time", lambda: a_year_later)
    assert student.poll(address).status_code == 401
