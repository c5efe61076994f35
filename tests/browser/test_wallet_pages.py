"""Every page of the wallet on the way to a card and on: axe, on a wide and on a small window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Visitor, visit
from tests.browser.pocket import PIN, Codes, order
from tests.support.server import Server

WINDOWS = {"wide": (1280, 900), "small": (320, 640)}


@pytest.fixture(params=WINDOWS)
def holder(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Visitor]:
    width, height = WINDOWS[request.param]
    yield from visit(browser, server, viewport={"width": width, "height": height})


@pytest.fixture
def codes(browser: Browser, server: Server) -> Codes:
    return order(browser, server, "100007")


def press(holder: Visitor, name: str) -> None:
    holder.press(holder.page.locator("main").get_by_role("button", name=name))
    holder.check(f"after „{name}” on {holder.page.url}")


def look(holder: Visitor, *paths: str) -> None:
    for path in paths:
        holder.open("/portfel" + path)
        holder.check(path)


def begin(holder: Visitor) -> None:
    look(holder, "")
    press(holder, "Ustaw PIN")  # without one: the page says what is missing
    for field in holder.page.locator("main input[type=password]").all():
        field.fill(PIN)
    press(holder, "Ustaw PIN")
    look(holder, "/dodaj", "/dodaj/regulamin")
    press(holder, "Dalej")
    holder.page.check("main input[type=checkbox]")
    press(holder, "Dalej")


def add(holder: Visitor, codes: Codes) -> str:
    holder.page.fill("#text", codes.text)
    press(holder, "Dalej")
    holder.page.fill("main input[name=code]", "0" * len(codes.activation))
    press(holder, "Aktywuj")
    holder.page.fill("main input[name=code]", codes.activation)
    press(holder, "Aktywuj")
    return holder.page.url.rpartition("/portfel")[2]


def lock(holder: Visitor) -> None:
    holder.press(holder.page.get_by_role("button", name="Zablokuj"))
    holder.check("locked")


def test_every_page_of_the_wallet_is_accessible(holder: Visitor, codes: Codes) -> None:
    begin(holder)
    card = add(holder, codes)
    look(holder, "", "/kod", "/kod?sposob=zdjecie", "/usun-wszystko", f"{card}/usun", f"{card}?pesel=1")
    lock(holder)
    holder.page.fill("main input[type=password]", "0000")
    press(holder, "Odblokuj")
