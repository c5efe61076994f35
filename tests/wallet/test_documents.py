"""A card in the wallet: looked at, refreshed, extended, removed."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from portal.issuer.interface import Offer
from tests.conftest import MovingClock
from tests.issuer.conftest import DATA, JPEG, Desk, Recorder
from tests.support.html import Page
from tests.wallet.browser import WALLET, Browser, alerts_of, words_of
from tests.wallet.conftest import Killed, Nearby

LATER = date(2027, 10, 31)


def stay(browser: Browser, clock: MovingClock, minutes: int) -> None:
    """Time goes by; the holder unlocks again."""
    clock.move(minutes=minutes)
    browser.unlock()


def test_a_revoked_card_is_shown_as_such_after_a_refresh(card: str, browser: Browser, desk: Desk) -> None:
    desk.revoke()
    assert "WAŻNA" in words_of(browser.get(card))  # as it was when it was checked
    page = words_of(browser.follow(browser.post(card + "/odswiez")))
    assert "NIEWAŻNA" in page
    assert "Unieważniona przez wystawcę" in words_of(browser.get(WALLET))


def test_an_old_check_proves_nothing(card: str, browser: Browser, clock: MovingClock) -> None:
    stay(browser, clock, 24 * 60 + 1)
    assert "NIEPOTWIERDZONA" in words_of(browser.get(card)).upper()
    assert "WAŻNA" in words_of(browser.follow(browser.post(card + "/odswiez")))


def test_a_card_is_over_after_its_last_day(card: str, browser: Browser, clock: MovingClock) -> None:
    stay(browser, clock, (date(2027, 4, 1) - date(2026, 11, 20)).days * 24 * 60)
    assert "NIEWAŻNA" in words_of(browser.get(card))


def test_a_list_that_cant_be_had_is_said_and_the_last_check_stays(
    card: str, browser: Browser, world: Nearby, clock: MovingClock
) -> None:
    stay(browser, clock, 25 * 60)
    world.cut = "/status-lists"
    page = words_of(browser.follow(browser.post(card + "/odswiez")))
    assert "nie można teraz pobrać" in page
    assert "Sprawdzono 20 listopada 2026, 12:00" in page
    assert "NIEPOTWIERDZONA" in page.upper()


def test_the_pesel_is_hidden_until_asked_for(card: str, browser: Browser) -> None:
    assert DATA.pesel not in browser.get(card).text
    assert DATA.pesel in browser.get(card + "?pesel=1").text


def test_the_photo_is_a_picture_and_nothing_else(card: str, browser: Browser) -> None:
    picture = browser.get(card + "/zdjecie")
    assert picture.data == JPEG
    assert picture.mimetype == "image/jpeg"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Cache-Control"] == "no-store"


def test_the_photo_is_locked_away_with_the_rest(card: str, browser: Browser) -> None:
    browser.lock()
    assert browser.get(card + "/zdjecie").status_code == 303


def test_an_extended_card_is_fetched_without_new_codes(card: str, browser: Browser, desk: Desk) -> None:
    desk.extend(valid_until=LATER)
    page = words_of(browser.follow(browser.post(card + "/przedluz")))
    assert "nową datę ważności" in page
    assert "31 października 2027" in page
    assert browser.get(WALLET).text.count('<li class="card">') == 1


def test_a_card_that_was_not_extended_says_so(card: str, browser: Browser) -> None:
    assert "uczelnia jej nie przedłużyła" in words_of(browser.follow(browser.post(card + "/przedluz")))


def test_a_revoked_card_needs_new_codes(card: str, browser: Browser, desk: Desk) -> None:
    desk.revoke()
    page = browser.post(card + "/przedluz")
    assert page.status_code == 422
    assert "Weź nowe kody" in alerts_of(page)
    assert browser.get(card).status_code == 200


@pytest.mark.parametrize("deadly", ["/token", "/nonce", "/credential", "/notification"])
def test_killed_while_extending_it_can_be_done_again(
    card: str, browser: Browser, desk: Desk, world: Nearby, deadly: str
) -> None:
    desk.extend(valid_until=LATER)
    world.deadly = "/oid4vci" + deadly
    with pytest.raises(Killed):
        browser.post(card + "/przedluz")
    world.deadly = ""
    assert "31 października 2027" in words_of(browser.follow(browser.post(card + "/przedluz")))


def test_an_issuer_that_does_not_answer_leaves_the_card_as_it_was(
    card: str, browser: Browser, world: Nearby
) -> None:
    world.cut = "/oid4vci/"
    page = browser.post(card + "/przedluz")
    assert page.status_code == 502
    assert "nie odpowiada" in alerts_of(page)
    assert "WAŻNA" in words_of(page)


def test_extending_in_two_tabs_keeps_the_card(card: str, browser: Browser, desk: Desk, world: Nearby) -> None:
    desk.extend(valid_until=LATER)
    tab = browser.another_tab()
    world.meanwhile = ("/oid4vci/credential", lambda: tab.post(card + "/przedluz"))
    browser.post(card + "/przedluz")
    assert "31 października 2027" in words_of(browser.get(card))
    assert browser.post(card + "/przedluz").status_code == 303


def test_removing_tells_the_issuer(card: str, browser: Browser, listener: Recorder) -> None:
    page = browser.get(card + "/usun")
    assert "Nie tracisz przez to prawa do legitymacji" in words_of(page)
    gone = browser.follow(browser.send(page, card + "/usun"))
    assert "wystawca o tym wie" in words_of(gone)
    assert listener.heard[-1] == ("deleted", "order-1")
    assert browser.get(card).status_code == 404


def test_removing_tells_the_issuer_long_after_the_token_has_run_out(
    card: str, browser: Browser, listener: Recorder, clock: MovingClock
) -> None:
    stay(browser, clock, 60 * 24 * 30)
    browser.send(browser.get(card + "/usun"), card + "/usun")
    assert listener.heard[-1] == ("deleted", "order-1")


def test_where_the_issuer_cant_be_told_the_holder_decides(card: str, browser: Browser, world: Nearby) -> None:
    world.cut = "/oid4vci/"
    page = browser.send(browser.get(card + "/usun"), card + "/usun")
    assert page.status_code == 502
    assert "nie udało się powiadomić wystawcy" in words_of(page)
    assert browser.get(card).status_code == 200
    assert browser.post(card + "/usun", untold="1").status_code == 303
    assert browser.get(card).status_code == 404


def test_a_card_that_the_issuer_wants_to_hear_nothing_of_is_removed_all_the_same(
    card: str, browser: Browser, desk: Desk, clock: MovingClock
) -> None:
    desk.revoke()
    stay(browser, clock, 60)
    page = browser.follow(browser.send(browser.get(card + "/usun"), card + "/usun"))
    assert "Wystawca nie został o tym powiadomiony" in words_of(page)


def test_the_photo_on_the_card_is_fetched_from_here(card: str, browser: Browser) -> None:
    (picture,) = Page(browser.get(card).text).all("img")
    assert picture["src"] == card + "/zdjecie"


def test_a_wallet_has_room_for_twenty_cards(browser: Browser, desk: Desk, app: Flask) -> None:
    for number in range(20):
        browser.add(desk.prepare(f"order-{number}", album_number=f"1{number:05}"))
    page = browser.scan(desk.prepare("one-more", album_number="200000").uri)
    assert page.status_code == 422
    assert "Nie ma miejsca" in alerts_of(page)


def test_the_pages_speak_english_too(card: str, browser: Browser, offer: Offer) -> None:
    browser.post("/jezyk", language="en", next=WALLET)
    for path in (WALLET, card, card + "/usun", "/portfel/dodaj", "/portfel/dodaj/regulamin", "/portfel/kod"):
        page = browser.get(path)
        assert page.status_code == 200
        assert 'lang="en"' in page.text
