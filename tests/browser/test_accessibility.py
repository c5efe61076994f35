"""axe (WCAG 2.2 AA and best practices) on every page and state, wide and narrow, in both languages."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PAGE, Visitor, everywhere, visit
from tests.support.server import Server
from tests.support.take_card import main as take_card

PUBLIC = [
    "/",
    "/logowanie",
    "/zapomniane-haslo",
    "/deklaracja-dostepnosci",
    "/prywatnosc",
    "/pomoc/mlegitymacja",
    "/pomoc/mlegitymacja/film",
    "/nie-ma",
]


@everywhere
def test_public_pages(browser: Browser, server: Server, width: int, locale: str) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        for path in PUBLIC:
            visitor.open(path)
            visitor.check(path)
        assert visitor.page.get_attribute("html", "lang") == locale[:2]
        visitor.log_in("100001", "wrong")
        visitor.check("a refused log-in")


@everywhere
def test_every_student_of_the_sample(browser: Browser, server: Server, width: int, locale: str) -> None:
    """Their checklists show every criterion met and not met."""
    for number in range(100011, 100021):
        for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
            visitor.log_in(str(number))
            if visitor.page.url.endswith("/dla-studentow"):
                visitor.open(PAGE)
                visitor.check(f"{PAGE} of {number}")


@everywhere
def test_the_states_of_an_order(browser: Browser, server: Server, width: int, locale: str) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        visitor.log_in("100001")
        visitor.check("Dla studentów")
        visitor.order_afresh()
        visitor.check("ready")
        follow(visitor, "#cancel-order", "asking before cancelling")
        follow(visitor, "main form button", "cancelled")
        visitor.order_afresh()
        follow(visitor, "#show-codes", "codes")
        collect(visitor)
        visitor.check("collected")
        follow(visitor, "#revoke-card", "asking before revoking")
        follow(visitor, "main form button", "revoked")
        visitor.open("/konto/haslo")
        visitor.check("changing the password")
        visitor.open("/dla-studentow/moje-dane")
        visitor.check("my data")


def follow(visitor: Visitor, link: str, where: str) -> None:
    visitor.press(link)
    visitor.check(where)


def collect(visitor: Visitor) -> None:
    text = visitor.page.locator("#qr-text").inner_text()
    code = visitor.page.locator("#activation-code [aria-hidden]").inner_text()
    take_card(["--text", text, "--code", code])
    visitor.page.wait_for_selector(".status--collected", timeout=15_000)


@everywhere
@pytest.mark.parametrize("status", ["waiting", "in_progress", "failed", "expired", "lapsed"])
def test_the_states_that_pass_quickly_or_late(
    browser: Browser, server: Server, width: int, locale: str, status: str
) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        visitor.log_in("100007")
        if not visitor.page.goto(server.url + PAGE) or visitor.page.locator("#place-order").count():
            visitor.order_afresh()
        put_into(server, status)
        visitor.open(PAGE)
        assert visitor.page.locator(f".status--{status}").count() == 1
        visitor.check(status)
        put_into(server, "cancelled")


def put_into(server: Server, status: str) -> None:
    """As if the engine had brought the latest order there; it is told to leave the order alone."""
    with sqlite3.connect(server.instance / "portal.sqlite", timeout=10) as connection:
        connection.execute(
            "UPDATE orders SET status = ?, reason = 'attempts_used_up', due_at = NULL, version = version + 1"
            " WHERE id = (SELECT max(id) FROM orders)",
            (status,),
        )


@everywhere
def test_setting_a_password_by_a_link(browser: Browser, server: Server, width: int, locale: str) -> None:
    link = next(
        word for word in server.command("accounts", "invite", "100010").split() if word.startswith(server.url)
    )
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        visitor.page.goto(link)
        visitor.check("setting a password")
        visitor.page.fill("input[type=password] >> nth=0", "short")
        follow(visitor, "main form button", "a refused password")
        visitor.open("/haslo/" + "x" * 43)
        visitor.check("a dead link")
