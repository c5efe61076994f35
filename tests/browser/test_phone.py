"""Every page on a phone: targets for a thumb, no scrolling sideways, a menu that covers nothing, axe."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import pocket
from tests.browser.conftest import PAGE
from tests.browser.life import Holder
from tests.browser.phone import Phone, phones
from tests.support.server import Server

PUBLIC = [
    "/",
    "/logowanie",
    "/zapomniane-haslo",
    "/deklaracja-dostepnosci",
    "/prywatnosc",
    "/pomoc/mlegitymacja",
    "/pomoc/mlegitymacja/film",
    "/offline",
    "/nie-ma",
]
STUDENTS = [
    "/dla-studentow",
    "/dla-studentow/moje-dane",
    "/konto/haslo",
    "/konto/powiadomienia",
    "/konto/aplikacje",
    f"{PAGE}/historia",
    PAGE,
]
both = pytest.mark.parametrize("locale", ["pl-PL", "en-GB"])


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Phone]:
    yield from phones(browser, server)


@both
def test_every_page_is_laid_out_for_a_thumb(browser: Browser, server: Server, locale: str) -> None:
    for phone in phones(browser, server, locale=locale):
        phone.visit(*PUBLIC)
        phone.visitor.log_in("", "")
        phone.look("an empty log-in")
        phone.visitor.log_in("100006")
        phone.visitor.order_afresh()
        phone.visit(*STUDENTS)
        codes(phone)
        phone.page.click("#cancel-order")
        phone.look("asking before cancelling")
        inspector(phone)


def test_the_pages_of_who_may_not_order_and_of_a_revoked_card_too(phone: Phone, server: Server) -> None:
    phone.visitor.log_in("100018")
    phone.visit(PAGE)
    phone.visitor.context.clear_cookies()
    holder = Holder(phone.visitor, server, "100006")
    holder.collect()
    phone.look("collected")
    for link in ("#new-phone", "#revoke-card"):
        phone.visitor.open(PAGE)
        phone.page.click(link)
        phone.look(link)
    phone.page.click("main form button")
    phone.look("revoked")


def codes(phone: Phone) -> None:
    phone.visitor.open(f"{PAGE}/kody")
    phone.look("codes")
    phone.page.tap("#show-qr")
    phone.look("codes, with the QR code unfolded")


def inspector(phone: Phone) -> None:
    phone.visit("/weryfikacja")
    phone.page.tap("#begin-library")
    phone.page.wait_for_selector(".qr")
    phone.page.tap("#same-device summary")
    phone.look("an inspector's code")


def test_the_menu_stands_at_the_lower_edge_and_stays_there(phone: Phone) -> None:
    phone.visitor.open("/pomoc/mlegitymacja")
    phone.page.evaluate("scrollTo(0, 600)")
    box = phone.page.get_by_role("navigation", name="Menu główne").bounding_box()
    assert box
    assert box["y"] + box["height"] == pytest.approx(640, abs=1)
    assert box["height"] < 80


def test_the_foot_of_a_page_can_be_scrolled_out_from_under_the_menu(phone: Phone) -> None:
    phone.visitor.open("/")
    phone.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    foot = phone.page.locator(".foot").bounding_box()
    menu = phone.page.locator(".menu").bounding_box()
    assert foot
    assert menu
    assert foot["y"] + foot["height"] <= menu["y"]


@pytest.mark.parametrize("size", [(1280, 900), (740, 360), (320, 256)])
def test_on_a_desktop_on_its_side_and_at_400_percent_the_menu_stands_in_the_page(
    phone: Phone, size: tuple[int, int]
) -> None:
    phone.page.set_viewport_size({"width": size[0], "height": size[1]})
    phone.visitor.open("/")
    assert phone.page.locator(".menu").evaluate("menu => getComputedStyle(menu).position") == "static"


def test_the_app_and_the_text_come_first_and_the_qr_code_is_folded(phone: Phone) -> None:
    show_codes(phone, "100008")
    page = phone.page
    expect(page.locator(".qr")).to_be_hidden()
    tops = [page.locator(name).bounding_box() for name in ("#open-wallet", "#qr-text", "#show-qr")]
    heights = [box["y"] for box in tops if box]
    assert heights == sorted(heights)
    page.tap("#show-qr")
    expect(page.locator(".qr svg")).to_be_visible()


def test_the_folded_code_opens_without_scripts(browser: Browser, server: Server) -> None:
    for phone in phones(browser, server, java_script_enabled=False):
        phone.visitor.log_in("100008")
        phone.visitor.open(f"{PAGE}/kody")
        expect(phone.page.locator(".qr")).to_be_hidden()
        phone.page.tap("#show-qr")
        expect(phone.page.locator(".qr svg")).to_be_visible()


def test_a_poll_leaves_unfolded_what_was_unfolded_and_folded_what_was_folded(
    phone: Phone, server: Server
) -> None:
    show_codes(phone, "100008")
    phone.page.tap("#show-qr")
    phone.page.focus("#show-qr")
    swap(phone, server)
    expect(phone.page.locator(".qr svg")).to_be_visible()
    assert phone.page.evaluate("document.activeElement.id") == "show-qr"
    phone.page.tap("#show-qr")
    swap(phone, server)
    expect(phone.page.locator(".qr")).to_be_hidden()


def swap(phone: Phone, server: Server) -> None:
    """Something happens to the latest order, and the next poll brings its section anew."""
    section = phone.page.evaluate_handle("document.getElementById('order')")
    with sqlite3.connect(server.instance / "portal.sqlite", timeout=10) as connection:
        connection.execute("UPDATE orders SET version = version + 1 WHERE id = (SELECT max(id) FROM orders)")
    phone.page.wait_for_function("before => !before.isConnected", arg=section)


def show_codes(phone: Phone, album: str) -> None:
    phone.visitor.log_in(album)
    phone.visitor.order_afresh()
    phone.page.tap("#show-codes")
    phone.page.wait_for_selector("#qr-text")


WALLET = [
    "/portfel/dodaj",
    "/portfel/dodaj/regulamin",
    "/portfel/kod",
    "/portfel/kod?sposob=zdjecie",
    "/portfel/kod?sposob=aparat",
    "/portfel/usun-wszystko",
]


def test_the_wallet_is_for_a_thumb_too(browser: Browser, server: Server, phone: Phone) -> None:
    offered = pocket.order(browser, server, "100010")
    phone.visit("/portfel")
    pocket.set_up(phone.visitor)
    phone.visit("/portfel", *WALLET)
    phone.visitor.open("/portfel/kod")
    phone.page.fill("#text", offered.text)
    phone.page.click("#scan button")
    phone.look("what is offered")
    phone.page.fill("main input[name=code]", offered.activation)
    phone.page.click("main form button")
    phone.page.wait_for_selector(".pass")
    phone.look("the card")
    phone.visit("/portfel", phone.page.url.removeprefix(server.url) + "/usun")
