from __future__ import annotations

from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import PAGE, Student
from tests.support.html import Page


def ready(student: Student) -> None:
    student.order()
    student.issue()


def test_a_ready_order_offers_the_codes_folded(student: Student) -> None:
    ready(student)
    html = student.client.get(PAGE).text
    offer = student.offer
    assert offer
    assert "Dodaj mLegitymację do aplikacji mObywatel (zastępczy)" in html
    assert offer.activation_code not in html
    assert "openid-credential-offer" not in html


def test_the_codes_page_shows_qr_text_link_and_activation_code(student: Student) -> None:
    ready(student)
    html = student.client.get(PAGE + "/kody").text
    page, offer = Page(html), student.offer
    assert offer
    assert page.one("p", id="qr-text").text == offer.uri
    assert page.one("a", id="open-wallet")["href"] == offer.uri
    code = offer.activation_code
    assert f"{code[:4]} {code[4:]}" in page.one("p", id="activation-code").text
    assert " ".join(code[:4]) in html, "a screen reader reads digits, not a number"
    assert page.one("div", role="img")["aria-label"]
    assert "<svg" in html


def test_without_codes_the_codes_page_is_the_order_page(student: Student) -> None:
    student.order()
    answer = student.client.get(PAGE + "/kody")
    assert (answer.status_code, answer.location) == (303, PAGE)


def test_new_codes_replace_the_old_ones_on_the_page(student: Student) -> None:
    ready(student)
    before = student.offer
    assert before
    student.press(f"{PAGE}/nowe-kody/{student.latest.public_id}")
    html = student.client.get(PAGE + "/kody").text
    assert before.uri not in html
    assert "Oto Twoje nowe kody" in html


def test_the_page_says_until_when_the_codes_are_good_and_orders_again_after(
    student: Student, clock: MovingClock
) -> None:
    ready(student)
    assert "Kody są ważne do 20 grudnia 2026" in student.page().one("section", id="order").text
    clock.move(days=30)
    student.log_in_again()
    assert not student.page().all("a", id="show-codes"), "true at reading time, even if the sweep was late"
    student.sweep()
    section = student.page().one("section", id="order").text
    assert "Wygasłe" in section
    assert "Zamów mLegitymację" in section


def test_codes_are_in_no_address_of_the_portal(student: Student) -> None:
    ready(student)
    offer, page = student.offer, student.page(PAGE + "/kody")
    assert offer
    own = [e["href"] or e["action"] or e["data-hx-get"] for e in page.elements]
    assert not [address for address in own if offer.activation_code in address]
    assert [a for a in own if offer.uri in a] == [offer.uri]
