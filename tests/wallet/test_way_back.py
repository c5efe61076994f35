"""Without a PIN, or past its time, every page leads to the PIN; afterwards one is where one wanted to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.issuer.interface import Offer
from tests.conftest import MovingClock, make_settings
from tests.issuer.conftest import running
from tests.wallet.browser import PIN, WALLET, Browser, words_of
from tests.wallet.conftest import Nearby

DEEPER = ("/dodaj", "/dodaj/regulamin", "/kod", "/oferta", "/zapytanie", "/dokumenty/" + "0" * 32)


@pytest.mark.parametrize("path", DEEPER)
def test_without_a_wallet_a_page_leads_to_the_start(fresh: Browser, path: str) -> None:
    answer = fresh.get(WALLET + path)
    assert answer.status_code == 303
    assert answer.location == f"{WALLET}?dalej={WALLET}{path}"


def test_after_unlocking_one_is_where_one_was(card: str, browser: Browser, clock: MovingClock) -> None:
    clock.move(minutes=6)
    page = browser.follow(browser.get(card))
    assert "Zablokowane" in words_of(page)
    assert browser.send(page, "/portfel/odblokuj", pin=PIN).location == card


def test_a_button_leads_back_to_its_page(card: str, browser: Browser, clock: MovingClock) -> None:
    clock.move(minutes=6)
    page = browser.follow(browser.post(card + "/przedluz"))
    assert browser.send(page, "/portfel/odblokuj", pin=PIN).location == card


def test_a_wrong_pin_does_not_forget_the_way(card: str, browser: Browser) -> None:
    browser.lock()
    page = browser.send(browser.follow(browser.get(card)), "/portfel/odblokuj", pin="0000")
    assert browser.send(page, "/portfel/odblokuj", pin=PIN).location == card


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/portfel",
        "/portfel/../wyloguj",
        "/portfel//evil.example",
        "/logowanie",
        "/portfel/odblokuj",
        "/portfel/nowhere",
        "/portfel/manifest.webmanifest",
        "javascript:alert(1)",
    ],
)
def test_the_way_back_leads_nowhere_else(browser: Browser, elsewhere: str) -> None:
    browser.lock()
    page = browser.get(WALLET)
    assert browser.send(page, "/portfel/odblokuj", pin=PIN, dalej=elsewhere).location == WALLET


def test_what_a_page_handed_over_survives_the_first_pin(fresh: Browser, offer: Offer) -> None:
    page = fresh.post("/portfel/otworz", text=offer.uri)
    assert page.status_code == 200
    assert "nie przepadł" in words_of(page)
    there = fresh.send(page, "/portfel/zaloz", pin=PIN, repeated=PIN)
    assert there.location == "/portfel/oferta"
    assert fresh.get("/portfel/oferta").location == "/portfel/dodaj/regulamin"
    assert fresh.accept_terms().location == "/portfel/oferta"
    assert fresh.activate(offer.activation_code).status_code == 303


def test_what_a_page_handed_over_survives_the_lock_and_a_wrong_pin(browser: Browser, offer: Offer) -> None:
    browser.lock()
    page = browser.post("/portfel/otworz", text=offer.uri)
    assert offer.uri not in page.headers.get("Set-Cookie", "")
    page = browser.send(page, "/portfel/odblokuj", pin="0000")
    assert browser.send(page, "/portfel/odblokuj", pin=PIN).location == "/portfel/oferta"


def test_a_scanned_text_survives_the_lock(browser: Browser, offer: Offer, clock: MovingClock) -> None:
    scanning = browser.get("/portfel/kod")
    clock.move(minutes=6)
    page = browser.send(scanning, "/portfel/kod?sposob=tekst", text=offer.uri)
    assert browser.send(page, "/portfel/odblokuj", pin=PIN).location == "/portfel/oferta"


def test_an_open_wallet_takes_what_is_handed_over_at_once(browser: Browser, offer: Offer) -> None:
    assert browser.post("/portfel/otworz", text=offer.uri).location == "/portfel/oferta"


def test_another_browsers_cookie_sees_nothing(card: str, browser: Browser, other: Browser) -> None:
    for path in ("", "/zdjecie", "/usun"):
        assert other.get(card + path).status_code == 404
    for path in ("/odswiez", "/przedluz", "/usun"):
        assert other.post(card + path).status_code == 404
    assert "Żółkiewska" not in other.get(WALLET).text
    assert browser.get(card).status_code == 200


def test_a_made_up_cookie_is_no_wallet(fresh: Browser) -> None:
    for made_up in ("", "x", "A" * 43, "ą" * 43, "A" * 500):
        fresh.secret = made_up
        assert "Wymyśl PIN" in words_of(fresh.get(WALLET))


def test_a_form_of_another_site_does_nothing(card: str, browser: Browser) -> None:
    for path in ("/zablokuj", "/usun-wszystko", "/kod", "/otworz", "/oferta", "/zapytanie"):
        assert browser.client.post(WALLET + path, data={"text": "x"}).status_code == 400
    for path in ("/odswiez", "/przedluz", "/usun"):
        assert browser.client.post(card + path).status_code == 400
    assert browser.get(card).status_code == 200


def test_nothing_personal_is_kept_by_the_browser(card: str, browser: Browser) -> None:
    for path in (card, card + "/zdjecie", card + "/usun", WALLET, "/portfel/kod"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"


def test_reading_changes_nothing(card: str, browser: Browser, world: Nearby) -> None:
    world.asked.clear()
    for path in ("", "/zdjecie", "/usun", "?pesel=1"):
        for method in ("GET", "HEAD"):
            assert browser.client.open(card + path, method=method).status_code == 200
    assert browser.get(card).status_code == 200
    assert world.asked == []


def test_without_the_setting_there_is_no_wallet(instance: Path, clock: MovingClock) -> None:
    with running(make_settings(instance), clock) as app:
        visitor = app.test_client()
        for path in ("", *DEEPER, "/otworz", "/manifest.webmanifest"):
            assert visitor.get(WALLET + path).status_code == 404
