from __future__ import annotations

from flask import Flask

from portal.audit import Actor
from portal.database import write
from portal.identity import Account
from portal.mlegitymacja.polling import PACE
from portal.orders import service
from portal.orders.models import Order
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
    assert "nie" not in page.one("a", id="check-status")["class"]
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
        assert app.extensions["portal.issuer.listener"].card_collected(session, order.public_id)
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
        assert app.extensions
    assert student.page().one("section", id="order")["data-hx-get"]
    with app.app_context(), write() as session:
        assert session.query(Order).count() == 1
