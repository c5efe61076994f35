"""The PIN opens the wallet of this browser, and is a counted lock."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from portal.settings import Settings
from portal.throttle import MemoryThrottle
from tests.conftest import MovingClock
from tests.issuer.conftest import running
from tests.support.nu import NuChecker
from tests.support.pages import make_client
from tests.wallet.browser import PIN, WALLET, WRONG, Browser, alerts_of, words_of

WAITS = {3: 30, 4: 60, 5: 300, 6: 900, 7: 3600, 8: 3600, 9: 3600}
"""Wrong PINs in a row, and the seconds until the next one is looked at."""


def is_open(browser: Browser) -> bool:
    return "<h1>Dokumenty</h1>" in browser.get(WALLET).text


def wrong_until(browser: Browser, clock: MovingClock, tries: int) -> None:
    """So many wrong PINs, each as soon as it may be."""
    for number in range(1, tries + 1):
        browser.unlock(WRONG)
        clock.move(seconds=WAITS.get(number, 0))


@pytest.fixture
def locked(browser: Browser) -> Browser:
    browser.lock()
    return browser


def test_the_first_page_says_what_this_is_and_asks_for_a_pin(fresh: Browser) -> None:
    page = fresh.get(WALLET)
    assert page.status_code == 200
    assert "nie mObywatel" in page.text
    assert fresh.set_up().location == WALLET
    assert is_open(fresh)


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "١٢٣٤", "12345\n", ""])
def test_a_pin_has_four_to_eight_digits(fresh: Browser, pin: str) -> None:
    assert fresh.set_up(pin).status_code == 422
    assert not fresh.secret


def test_the_pin_is_asked_for_twice(fresh: Browser) -> None:
    page = fresh.send(fresh.get(WALLET), "/portfel/zaloz", pin="2580", repeated="2581")
    assert page.status_code == 422
    assert "PIN-y się różnią" in page.text
    assert "2580" not in page.text


def test_the_cookie_is_for_this_site_and_no_script(fresh: Browser) -> None:
    cookie = fresh.set_up().headers["Set-Cookie"]
    assert cookie.startswith("__Host-kieszonka=")
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=34560000"):
        assert part in cookie
    assert "Domain" not in cookie


def test_unlocking_renews_the_cookie(locked: Browser) -> None:
    assert f"__Host-kieszonka={locked.secret}" in locked.unlock().headers["Set-Cookie"]


def test_lock_locks_at_once(browser: Browser) -> None:
    browser.lock()
    assert not is_open(browser)
    assert browser.unlock().status_code == 303
    assert is_open(browser)


def test_it_locks_by_itself_after_five_minutes(browser: Browser, clock: MovingClock) -> None:
    clock.move(minutes=4)
    assert is_open(browser)  # which begins the five minutes anew
    clock.move(minutes=4, seconds=59)
    assert is_open(browser)
    clock.move(minutes=5)
    assert not is_open(browser)


def test_a_page_says_when_it_locks(browser: Browser, clock: MovingClock) -> None:
    clock.move(minutes=2)
    assert "zablokuje się sama o 12:07:00" in words_of(browser.get(WALLET))


def test_a_wrong_pin_says_how_many_are_left(locked: Browser) -> None:
    page = locked.unlock(WRONG)
    assert page.status_code == 422
    assert "Zostało 9 prób" in alerts_of(page)
    assert not is_open(locked)


def test_after_three_wrong_pins_one_has_to_wait(locked: Browser, clock: MovingClock) -> None:
    for _ in range(3):
        page = locked.unlock(WRONG)
    assert "12:00:30" in alerts_of(page)
    refused = locked.unlock(PIN)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "30"
    clock.move(seconds=30)
    assert locked.unlock(PIN).status_code == 303


def test_the_waits_grow(locked: Browser, clock: MovingClock) -> None:
    for number, seconds in WAITS.items():
        while "Retry-After" not in (refused := locked.unlock(WRONG)).headers:
            pass
        assert refused.headers["Retry-After"] == str(seconds), number
        clock.move(seconds=seconds)


def test_the_right_pin_forgets_the_wrong_ones(locked: Browser, clock: MovingClock) -> None:
    wrong_until(locked, clock, 9)
    assert locked.unlock(PIN).status_code == 303
    locked.lock()
    assert "Zostało 9 prób" in alerts_of(locked.unlock(WRONG))


def test_ten_wrong_pins_erase_everything_and_the_page_says_so(
    card: str, browser: Browser, clock: MovingClock
) -> None:
    browser.lock()
    wrong_until(browser, clock, 9)
    page = browser.unlock(WRONG)
    assert page.status_code == 422
    assert "Wszystko zostało usunięte" in alerts_of(page)
    assert not browser.secret
    browser.set_up()
    assert "Nie ma tu jeszcze żadnych dokumentów" in words_of(browser.get(WALLET))


def test_the_count_outlives_a_restart(
    locked: Browser, settings: Settings, clock: MovingClock, nu_checker: NuChecker
) -> None:
    for _ in range(3):
        locked.unlock(WRONG)
    with running(settings, clock) as restarted:
        again = Browser(make_client(restarted, nu_checker))
        again.secret = locked.secret
        assert again.unlock(PIN).status_code == 429


def test_parallel_tries_gain_nothing(locked: Browser) -> None:
    """Whatever comes through at once, no more than three PINs are looked at before the first wait."""
    page = locked.get(WALLET)
    ready, texts = threading.Barrier(8), []

    def try_one() -> None:
        tab = locked.another_tab()
        ready.wait()
        texts.append(alerts_of(tab.send(page, "/portfel/odblokuj", pin=WRONG)))

    threads = [threading.Thread(target=try_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    looked_at = [text for text in texts if "Błędny PIN" in text]
    assert 1 <= len(looked_at) <= 3
    assert len({text.split("Zostało")[1] for text in looked_at}) == len(looked_at)  # each was counted


def test_a_forgotten_pin_is_a_reason_to_erase(card: str, browser: Browser) -> None:
    browser.lock()
    page = browser.get("/portfel/usun-wszystko")
    assert "nowe kody" in words_of(page)
    browser.send(page, "/portfel/usun-wszystko")
    assert not browser.secret
    assert "Wymyśl PIN" in words_of(browser.get(WALLET))


def test_a_wallet_is_not_made_anew_over_another(card: str, browser: Browser) -> None:
    secret = browser.secret
    assert browser.post("/portfel/zaloz", pin="9999", repeated="9999").status_code == 303
    assert browser.secret == secret
    assert browser.get(card).status_code == 200


def test_an_address_makes_only_so_many_wallets(app: Flask, nu_checker: NuChecker, fresh: Browser) -> None:
    app.extensions["portal.wallet.made"] = MemoryThrottle(rate=1 / 60, burst=1)
    fresh.set_up()
    neighbour = Browser(make_client(app, nu_checker), fresh.address)
    page = neighbour.set_up()
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "60"
    assert not neighbour.secret
    elsewhere = Browser(make_client(app, nu_checker), "198.51.100.20")
    assert elsewhere.set_up().status_code == 303
