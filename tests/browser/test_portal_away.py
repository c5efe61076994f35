"""The page of a portal that does not answer: keeps what it shows, says so once, comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Route, expect

from portal.clock import WARSAW
from tests.browser.conftest import PAGE, Visitor, visit
from tests.support.server import Server

FAILED_POLLS = ("Failed to load resource", "Response Status Error Code 50", "console: htmx:")
SAID = "Portal jest chwilowo niedostępny. Widzisz stan z godziny"

COUNT_WHAT_IS_SAID = """
() => {
  window.said = 0;
  new MutationObserver(() => window.said++).observe(document.getElementById("stale"), {childList: true});
}
"""


def fail(route: Route, status: int | None) -> None:
    """As a proxy says it, or (None) as the network does."""
    if status is None:
        route.abort("connectionrefused")
    else:
        route.fulfill(status=status, headers={"Retry-After": "1"})


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Polls that fail stand in the browser's console, which is no fault of the page here."""
    for visitor in visit(browser, server, timezone_id="America/New_York"):
        yield visitor
        visitor.problems[:] = [
            one for one in visitor.problems if not any(said in one for said in FAILED_POLLS)
        ]


def test_the_page_keeps_its_state_says_so_once_and_recovers_by_itself(visitor: Visitor) -> None:
    page = visitor.page
    visitor.log_in("100001")
    visitor.order_afresh()
    page.evaluate(COUNT_WHAT_IS_SAID)
    answers = iter([503, 502])
    page.route("**/stan?*", lambda route: fail(route, next(answers, None)))
    expect(page.locator("#stale")).to_contain_text(SAID)
    now = datetime.now(WARSAW)
    times = {f"{SAID} {now - timedelta(minutes=minutes):%H:%M}" for minutes in (0, 1, 2)}
    assert any(time in page.locator("#stale").inner_text() for time in times)
    with page.expect_request("**/stan?*"):
        pass  # it goes on asking
    assert "Do odbioru" in page.locator("#order").inner_text()
    visitor.check(PAGE)
    page.unroute("**/stan?*")
    expect(page.locator("#stale")).to_be_empty(timeout=30_000)
    assert page.evaluate("window.said") == 2, "it came once, and went once"
