"""The wallet warns before it locks, and then shows nothing personal any more (WCAG 2.2, 2.2.1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visitor, visit
from tests.browser.pocket import set_up
from tests.support.server import Server


@pytest.fixture
def waiting(browser: Browser, server: Server) -> Iterator[Visitor]:
    """An open wallet whose browser's clock moves when told; the server's goes on as ever."""
    for visitor in visit(browser, server):
        set_up(visitor)
        visitor.page.clock.install()
        visitor.open("/portfel")
        yield visitor


def warning(page: Page) -> bool:
    return page.locator("#lock-warning").evaluate("dialog => dialog.open")


def test_a_minute_ahead_the_wallet_says_that_it_locks(waiting: Visitor) -> None:
    page = waiting.page
    page.clock.fast_forward("03:50")
    assert not warning(page)
    page.clock.fast_forward("00:20")
    assert warning(page)
    waiting.check("the warning before the wallet locks")


def test_one_button_keeps_it_open(waiting: Visitor) -> None:
    page = waiting.page
    page.clock.fast_forward("04:10")
    with page.expect_response("**/portfel"):
        page.get_by_role("button", name="Korzystam dalej").click()
    expect(page.locator("#lock-warning")).not_to_be_visible()
    page.clock.fast_forward("03:00")
    assert not warning(page)
    assert page.url.endswith("/portfel")


def test_when_nobody_answers_the_page_makes_room_for_the_pin(waiting: Visitor) -> None:
    lock_on_the_server(waiting)
    with waiting.page.expect_navigation():
        waiting.page.clock.fast_forward("05:10")
    expect(waiting.page.locator("h1")).to_have_text("Zablokowane")


def test_a_wallet_that_was_locked_elsewhere_leads_to_the_pin(waiting: Visitor) -> None:
    waiting.page.clock.fast_forward("04:10")
    lock_on_the_server(waiting)
    with waiting.page.expect_navigation():
        waiting.page.get_by_role("button", name="Korzystam dalej").click()
    expect(waiting.page.locator("h1")).to_have_text("Zablokowane")


def lock_on_the_server(visitor: Visitor) -> None:
    """„Zablokuj” in another window of the same browser."""
    other = visitor.context.new_page()
    other.goto(visitor.url + "/portfel")
    other.get_by_role("button", name="Zablokuj").click()
    expect(other.locator("h1")).to_have_text("Zablokowane")
    other.close()
