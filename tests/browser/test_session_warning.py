"""The warning before the session ends. The browser's clock is moved, and so is the session on the server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import Visitor
from tests.support.server import Server

DIALOG = "#session-warning"
ALBUM = "100007"
Age = Callable[..., None]


@pytest.fixture
def age(server: Server) -> Iterator[Age]:
    """Make every session of this student as old as told: since its log-in, and since a page was opened."""

    def make_older(*, idle: float, since_log_in: float | None = None) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        seen = now - timedelta(minutes=idle)
        created = now - timedelta(minutes=since_log_in if since_log_in is not None else idle)
        with sqlite3.connect(server.instance / "portal.sqlite", timeout=10) as database:
            database.execute(
                "UPDATE account_sessions SET seen_at = ?, created_at = ? "
                "WHERE account_id = (SELECT id FROM accounts WHERE login = ?)",
                (seen.isoformat(" "), created.isoformat(" "), ALBUM),
            )

    yield make_older
    with sqlite3.connect(server.instance / "portal.sqlite", timeout=10) as database:
        database.execute("DELETE FROM account_sessions")


@pytest.fixture
def waiting(visitor: Visitor) -> Visitor:
    """A student on a page, in a browser whose clock the test moves."""
    visitor.page.clock.install()
    visitor.log_in(ALBUM)
    visitor.open("/dla-studentow")
    return visitor


def test_the_warning_comes_two_minutes_ahead_and_one_button_goes_on(waiting: Visitor, age: Age) -> None:
    page = waiting.page
    age(idle=27.5)
    page.clock.fast_forward("27:30")
    assert not page.locator(DIALOG).is_visible()
    age(idle=28.5)
    page.clock.fast_forward("01:00")
    page.wait_for_selector(DIALOG)
    assert page.evaluate("document.activeElement.textContent") == "Przedłuż sesję"
    waiting.check("the warning")
    page.keyboard.press("Enter")
    page.wait_for_selector(DIALOG, state="hidden")
    assert page.evaluate("fetch('/sesja/stan').then(answer => answer.json())")["ends_in"] >= 1795


def test_escape_closes_the_warning_and_gives_focus_back(waiting: Visitor, age: Age) -> None:
    page = waiting.page
    page.focus("footer a")
    before = page.evaluate("document.activeElement.href")
    age(idle=28.5)
    page.clock.fast_forward("28:30")
    page.wait_for_selector(DIALOG)
    page.keyboard.press("Escape")
    page.wait_for_selector(DIALOG, state="hidden")
    assert page.evaluate("document.activeElement.href") == before
    page.clock.run_for(20_000)
    assert not page.locator(DIALOG).is_visible(), "whoever closed it is not asked again"


def test_who_went_on_in_another_tab_is_not_warned(waiting: Visitor, age: Age) -> None:
    age(idle=1)
    waiting.page.clock.fast_forward("29:00")
    waiting.page.wait_for_timeout(500)
    assert not waiting.page.locator(DIALOG).is_visible()


def test_going_on_in_one_tab_closes_the_warning_in_the_other(waiting: Visitor, age: Age) -> None:
    other = waiting.context.new_page()
    other.clock.install()
    other.goto(waiting.url + "/dla-studentow")
    age(idle=28.5)
    for page in (waiting.page, other):
        page.clock.fast_forward("28:30")
        page.wait_for_selector(DIALOG)
    other.click(f"{DIALOG} [data-session-stay]")
    waiting.page.wait_for_selector(DIALOG, state="hidden")


def test_at_the_end_the_page_gives_way_to_the_log_in_page(waiting: Visitor, age: Age) -> None:
    age(idle=31)
    waiting.page.clock.fast_forward("31:00")
    waiting.page.wait_for_url("**/logowanie?next=/dla-studentow")
    assert "Sesja wygasła" in waiting.page.locator("main").inner_text()


def test_the_longest_session_ends_with_a_warning_that_offers_no_extension(waiting: Visitor, age: Age) -> None:
    page = waiting.page
    age(idle=0, since_log_in=12 * 60 - 1.5)
    page.reload()
    page.wait_for_load_state()
    page.clock.run_for(10_000)
    page.wait_for_selector(DIALOG)
    assert "nie da się jej przedłużyć" in page.locator(DIALOG).inner_text()
    assert not page.locator("[data-session-stay]").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Zamknij"
    waiting.check("the last warning")


def test_a_lost_connection_is_told(waiting: Visitor, age: Age) -> None:
    page = waiting.page
    age(idle=28.5)
    page.clock.fast_forward("28:30")
    page.wait_for_selector(DIALOG)
    page.route("**/sesja/przedluz", lambda route: route.abort())
    page.click("[data-session-stay]")
    page.wait_for_selector("[data-session-failed]")
    page.unroute("**/sesja/przedluz")
    waiting.problems.clear()
    page.click("[data-session-stay]")
    page.wait_for_selector(DIALOG, state="hidden")


def test_the_warning_fits_a_small_screen(small_visitor: Visitor, age: Age) -> None:
    small_visitor.page.clock.install()
    small_visitor.log_in(ALBUM)
    age(idle=28.5)
    small_visitor.page.clock.fast_forward("28:30")
    small_visitor.page.wait_for_selector(DIALOG)
    small_visitor.check("the warning at 320 px")
