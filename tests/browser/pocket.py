"""A phone with the wallet: from the first page to a card in it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser, StorageState

from tests.browser.conftest import Visitor, visit
from tests.support.server import Server

PIN = "4829"


@dataclass(frozen=True)
class Codes:
    text: str
    activation: str


def order(browser: Browser, server: Server, album: str) -> Codes:
    """A student orders, and has the codes on the screen."""
    for student in visit(browser, server):
        student.log_in(album)
        student.order_afresh()
        student.page.click("#show-codes")
        code = student.page.locator("#activation-code [aria-hidden]").inner_text().replace(" ", "")
        codes = Codes(student.page.locator("#qr-text").inner_text(), code)
    return codes


def set_up(visitor: Visitor) -> None:
    """The wallet's first page, and the terms."""
    visitor.open("/portfel")
    for field in visitor.page.locator("main input[type=password]").all():
        field.fill(PIN)
    visitor.page.click("main form button")
    visitor.open("/portfel/dodaj/regulamin")
    visitor.page.check("main input[type=checkbox]")
    visitor.page.click("main form button")


def add(visitor: Visitor, codes: Codes) -> None:
    """Leaves the page of the new card open."""
    visitor.open("/portfel/kod")
    visitor.page.fill("#text", codes.text)
    visitor.page.click("#scan button")
    visitor.page.fill("main input[name=code]", codes.activation)
    visitor.page.click("main form button")
    visitor.page.wait_for_selector(".pass")


def phone_with_card(browser: Browser, server: Server, album: str) -> tuple[StorageState, str]:
    """The cookies of a phone that holds a card, and the path of its page."""
    codes = order(browser, server, album)
    for phone in visit(browser, server):
        set_up(phone)
        add(phone, codes)
        kept = phone.context.storage_state(), phone.page.url.removeprefix(server.url)
    return kept
