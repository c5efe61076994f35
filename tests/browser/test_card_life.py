"""Extending, changing the phone, and the ends of a card: a student with a browser and a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PAGE, Visitor, everywhere, visit
from tests.browser.life import Holder
from tests.browser.test_accessibility import follow
from tests.browser.test_order_page import WATCH_LIVE_REGION
from tests.support.server import Server

NOTICE = "section[aria-label]"


@pytest.fixture
def holder(visitor: Visitor, server: Server) -> Holder:
    return Holder(visitor, server, "100006")


def test_an_extension_progresses_by_itself_until_the_phone_has_the_new_date(holder: Holder) -> None:
    page = holder.visitor.page
    card = holder.collect()
    page.add_init_script(f"addEventListener('DOMContentLoaded', {WATCH_LIVE_REGION})")
    until = holder.els_is_good_for(days=200)
    holder.visitor.open(PAGE)
    page.click("#extend-card")
    page.wait_for_selector("text=Aplikacja ma jeszcze starą datę", timeout=15_000)
    assert page.title().startswith("Odebrana")
    fresh = holder.phone.refresh(card)
    assert fresh.claims["date_of_expiry"] == until.isoformat()
    page.wait_for_selector("text=aplikacja ma nową datę", timeout=15_000)
    assert "Aplikacja ma jeszcze starą datę" not in page.locator("#order").inner_text()
    said = page.evaluate("window.said")
    assert len(said) == len(set(said)) <= 3, "once for each change"
    assert "Aplikacja pobierze nową datę sama." in said[-2]
    assert "aplikacja ma nową datę" in said[-1]


def test_without_scripts_an_extension_goes_the_same_way(plain_visitor: Visitor, server: Server) -> None:
    holder, page = Holder(plain_visitor, server, "100006"), plain_visitor.page
    card = holder.collect()
    holder.els_is_good_for(days=200)
    plain_visitor.open(PAGE)
    page.click("#extend-card")
    look_until(plain_visitor, "Aplikacja ma jeszcze starą datę")
    holder.phone.refresh(card)
    look_until(plain_visitor, "aplikacja ma nową datę")


def look_until(visitor: Visitor, words: str) -> None:
    """Press the link that checks the status until the page says so."""
    for _look in range(50):
        if words in visitor.page.locator("#order").inner_text():
            return
        visitor.page.wait_for_timeout(200)
        visitor.page.click("#check-status")
    raise AssertionError(f"the page never said: {words}")


def test_a_new_phone_takes_over_in_one_guided_step(holder: Holder) -> None:
    page = holder.visitor.page
    old = holder.collect()
    page.click("#new-phone")
    page.click("main form button")
    page.wait_for_selector("#show-codes", timeout=15_000)
    page.click("#show-codes")
    assert holder.phone.status(old) == 1
    assert holder.phone.status(holder.scan()) == 0


@everywhere
def test_the_states_of_an_extension(browser: Browser, server: Server, width: int, locale: str) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        holder = Holder(visitor, server, "100008")
        card = holder.collect()
        holder.els_is_good_for(days=200)
        seen(visitor, "an extension that is due", "#extend-card")
        visitor.open("/dla-studentow")
        visitor.check("the notice of an extension")
        assert visitor.page.locator(NOTICE).count() == 1
        holder.press_and_hold()
        seen(visitor, "an extension that waits", "#extension-status.status--waiting")
        holder.extension("in_progress")
        seen(visitor, "an extension under way", "#extension-status.status--in_progress")
        holder.extension("failed", "issuer_refused")
        seen(visitor, "a failed extension", "#extension-status.status--failed")
        visitor.page.click("#extend-card")
        visitor.page.wait_for_selector("#renew-codes", timeout=15_000)
        visitor.check("an app that is behind")
        follow(visitor, "#renew-codes", "new codes for a card in the app")
        holder.scan()
        visitor.open(PAGE)
        visitor.check("extended, and the app has it")
        assert holder.phone.status(card) == 1


def seen(visitor: Visitor, where: str, sign: str) -> None:
    visitor.open(PAGE)
    assert visitor.page.locator(sign).count() == 1, where
    visitor.check(where)


@everywhere
def test_the_ends_of_a_card(browser: Browser, server: Server, width: int, locale: str) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        holder = Holder(visitor, server, "100009")
        card = holder.collect()
        follow(visitor, "#new-phone", "a new phone")
        holder.becomes("inactive")
        visitor.page.reload()
        visitor.check("a new phone, but no right to a new card")
        holder.becomes("active")
        for days in (20, 0):
            holder.card_ends_in(days=days)
            holder.els_is_good_for(days=days)
            seen(visitor, f"{days} days before the end", "#order .notice--warning")
            visitor.open("/pomoc/mlegitymacja")
            assert visitor.page.locator(NOTICE).count() == 1
            visitor.check(f"the notice {days} days before the end")
        holder.els_is_good_for(days=100)
        holder.card_ends_in(days=60)
        assert holder.phone.notify(card, "credential_deleted").status == 204
        holder.els_is_good_for(days=60)
        seen(visitor, "removed from the app", "#order .notice--warning")
        server.command("orders", "revoke", "100009", "--reason", "lost_device", "--yes")
        seen(visitor, "revoked by the university", ".status--revoked")
        visitor.open(PAGE + "/historia")
        visitor.check("the whole history")
