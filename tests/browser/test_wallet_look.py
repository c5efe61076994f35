"""The wallet's card: accessible, at a glance, moving unless asked not to, with the server's time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.conftest import Visitor, everywhere, visit
from tests.browser.pocket import phone_with_card
from tests.support.server import Server

MOVING = "document.getAnimations().filter((each) => each.playState === 'running').length"
LONG_AGO = datetime(2001, 2, 3, 4, 5, 6, tzinfo=ZoneInfo("Europe/Warsaw"))
LARGE_TEXT = "document.documentElement.style.fontSize = '200%'"


@pytest.fixture(scope="module")
def phone(browser: Browser, server: Server) -> tuple[StorageState, str]:
    return phone_with_card(browser, server, "100003")


class Holder:
    """Opens the card's page in windows of several kinds."""

    def __init__(self, browser: Browser, server: Server, phone: tuple[StorageState, str]) -> None:
        self.browser, self.server = browser, server
        self.cookies, self.path = phone

    def visit(self, **options: object) -> Iterator[Visitor]:
        for visitor in visit(self.browser, self.server, storage_state=self.cookies, **options):
            visitor.open(self.path)
            yield visitor


@pytest.fixture
def holder(browser: Browser, server: Server, phone: tuple[StorageState, str]) -> Holder:
    return Holder(browser, server, phone)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@everywhere
def test_the_card_is_accessible(holder: Holder, width: int, locale: str, scheme: str) -> None:
    size = {"width": width, "height": 800}
    for visitor in holder.visit(viewport=size, locale=locale, color_scheme=scheme):
        visitor.check("the card")
        visitor.page.click(".pass__university summary")
        visitor.page.check("#pause")
        visitor.check("the card, paused, with the university's whole name")
        visitor.press("#pesel a")
        visitor.check("the card with its PESEL")


@everywhere
def test_the_pages_around_it_are_accessible(holder: Holder, width: int, locale: str) -> None:
    for visitor in holder.visit(viewport={"width": width, "height": 800}, locale=locale):
        for path in ("/portfel", "/portfel/dodaj", "/portfel/kod", "/portfel/usun-wszystko"):
            visitor.open(path)
            visitor.check(path)
        for way in ("zdjecie", "aparat"):
            visitor.open(f"/portfel/kod?sposob={way}")
            visitor.check(way)


def test_text_of_twice_the_size_does_not_make_the_card_scroll_sideways(holder: Holder) -> None:
    for visitor in holder.visit(viewport={"width": 640, "height": 800}):
        visitor.page.evaluate(LARGE_TEXT)
        visitor.check("the card with large text")


def test_the_number_of_a_person_is_shown_when_asked_for_and_hidden_again(holder: Holder) -> None:
    for visitor in holder.visit():
        number = visitor.page.locator("#pesel")
        assert not re.search(r"\b\d{11}\b", visitor.page.content())
        number.locator("a").click()
        expect(number).to_contain_text(re.compile(r"\b\d{11}\b"))
        number.locator("a").click()
        expect(number).not_to_contain_text(re.compile(r"\b\d{11}\b"))


def test_the_card_moves_until_it_is_paused_and_moves_on(holder: Holder) -> None:
    for visitor in holder.visit():
        assert visitor.page.evaluate(MOVING) >= 3
        visitor.page.get_by_label("Zatrzymaj ruch").check()
        assert visitor.page.evaluate(MOVING) == 0
        visitor.page.get_by_label("Zatrzymaj ruch").uncheck()
        assert visitor.page.evaluate(MOVING) >= 3


def test_the_pause_button_works_with_the_keyboard(holder: Holder) -> None:
    for visitor in holder.visit():
        visitor.page.focus("#pause")
        visitor.page.keyboard.press("Space")
        assert visitor.page.evaluate(MOVING) == 0
        expect(visitor.page.locator("#pause-says")).to_have_text("Zegar i ruch są zatrzymane.")


def test_without_scripts_the_card_moves_too_and_can_be_paused(holder: Holder) -> None:
    for visitor in holder.visit(java_script_enabled=False):
        band = visitor.page.locator(".pass__there")
        expect(band).to_have_css("animation-play-state", "running")
        visitor.page.check("#pause")
        expect(band).to_have_css("animation-play-state", "paused")
        assert re.fullmatch(r"\d\d:\d\d:\d\d", visitor.page.locator("#clock").inner_text())


def seconds(page: Page) -> int:
    hours, minutes, rest = map(int, page.locator("#clock").inner_text().split(":"))
    return hours * 3600 + minutes * 60 + rest


def test_the_clock_ticks_and_stands_still_while_paused(holder: Holder) -> None:
    for visitor in holder.visit():
        visitor.page.clock.install()
        visitor.page.reload()
        visitor.page.clock.pause_at(datetime.now(tz=ZoneInfo("UTC")).timestamp() + 60)
        first = seconds(visitor.page)
        visitor.page.clock.run_for(5000)
        assert (seconds(visitor.page) - first) % 86_400 == 5
        visitor.page.check("#pause")
        visitor.page.clock.run_for(60_000)
        assert (seconds(visitor.page) - first) % 86_400 == 5


def test_the_clock_is_the_servers_though_the_phones_is_wrong(holder: Holder) -> None:
    for visitor in holder.visit():
        visitor.page.clock.install(time=LONG_AGO)
        visitor.page.reload()
        shown = datetime.fromisoformat(visitor.page.locator("#clock").get_attribute("datetime") or "")
        assert abs((shown - datetime.now(tz=ZoneInfo("UTC"))).total_seconds()) < 3600
        assert "2001" not in visitor.page.locator(".pass__time").inner_text()


def test_the_clock_is_not_read_out_as_it_ticks(holder: Holder) -> None:
    for visitor in holder.visit():
        live = visitor.page.locator("[aria-live], [role=status], [role=timer], [role=alert]")
        assert live.locator("#clock").count() == 0
        assert visitor.page.locator("#clock").get_attribute("role") is None


def test_whoever_wants_no_motion_gets_none_and_a_clock_of_minutes(holder: Holder) -> None:
    for visitor in holder.visit(reduced_motion="reduce"):
        assert visitor.page.evaluate("document.getAnimations().length") == 0
        assert re.fullmatch(r"\d\d:\d\d", visitor.page.locator("#clock").inner_text())


def test_every_page_says_that_this_is_a_stand_in(holder: Holder) -> None:
    for visitor in holder.visit():
        expect(visitor.page.locator("header").first).to_contain_text("to nie mObywatel")
        for path in ("/portfel", "/portfel/kod", "/portfel/dodaj"):
            visitor.open(path)
            expect(visitor.page.locator("header").first).to_contain_text("to nie mObywatel")
