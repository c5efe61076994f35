"""„Dodaj dokument”: the steps of the instruction, what can go wrong, and getting killed on the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.issuer.interface import Offer
from tests.conftest import MovingClock, make_settings
from tests.issuer.conftest import Desk, Recorder, running
from tests.wallet.browser import WALLET, Browser, alerts_of, words_of
from tests.wallet.conftest import Killed, Nearby


def wrong(offer: Offer) -> str:
    return "".join("1" if digit == "0" else "0" for digit in offer.activation_code)


def documents(browser: Browser) -> int:
    return browser.get(WALLET).text.count('<li class="card">')


def test_the_steps_of_the_instruction(fresh: Browser, offer: Offer, listener: Recorder) -> None:
    page = fresh.follow(fresh.set_up())
    for step in ("/portfel/dodaj", "/portfel/dodaj/regulamin"):
        assert f'href="{step}"' in page.text
        page = fresh.get(step)
    page = fresh.follow(fresh.send(page, "/portfel/dodaj/regulamin", accepted="y"))
    page = fresh.follow(fresh.send(page, "/portfel/kod?sposob=tekst", text=offer.uri))
    page = fresh.follow(fresh.send(page, "/portfel/oferta", code=offer.activation_code))
    assert "Zofia Łucja Żółkiewska" in words_of(page)
    assert "WAŻNA" in words_of(page)
    assert listener.heard == [("collected", "order-1")]


def test_the_terms_must_be_accepted(fresh: Browser, offer: Offer) -> None:
    fresh.set_up()
    page = fresh.send(fresh.get("/portfel/dodaj/regulamin"), "/portfel/dodaj/regulamin")
    assert page.status_code == 422
    fresh.scan(offer.uri)
    assert fresh.get("/portfel/oferta").location == "/portfel/dodaj/regulamin"


def test_what_is_offered_stands_there_before_anything_is_taken(
    browser: Browser, offer: Offer, listener: Recorder
) -> None:
    browser.scan(offer.uri)
    page = words_of(browser.get("/portfel/oferta"))
    for words in ("Politechnika Próbna", "legitymacja.example.org", "Numer albumu", "Kod aktywacyjny"):
        assert words in page
    assert "Żółkiewska" not in page
    assert listener.heard == []


def test_the_card_is_told_to_be_accepted(card: str, world: Nearby) -> None:
    assert world.asked[-1] == "POST /oid4vci/notification"


def test_a_wrong_code_says_how_many_tries_are_left(browser: Browser, offer: Offer) -> None:
    browser.scan(offer.uri)
    page = browser.activate(wrong(offer))
    assert page.status_code == 422
    assert "To nie jest właściwy kod aktywacyjny. Zostały 4 próby." in alerts_of(page)
    assert wrong(offer) not in page.text
    assert browser.activate(offer.activation_code).status_code == 303


def test_what_can_be_no_code_uses_up_no_try(browser: Browser, offer: Offer) -> None:
    browser.scan(offer.uri)
    for typed in ("", "12", "abcdef", offer.activation_code + "0"):
        assert browser.activate(typed).status_code == 422
    assert "Zostały 4 próby" in alerts_of(browser.activate(wrong(offer)))


def test_a_code_may_be_typed_in_groups(browser: Browser, offer: Offer) -> None:
    browser.scan(offer.uri)
    code = offer.activation_code
    assert browser.activate(f" {code[:3]} {code[3:]} ").status_code == 303


def test_after_five_wrong_codes_new_ones_are_needed(browser: Browser, offer: Offer) -> None:
    browser.scan(offer.uri)
    for _ in range(5):
        page = browser.activate(wrong(offer))
    assert "Te kody już nie działają" in alerts_of(page)
    assert "weź nowe kody" in alerts_of(browser.activate(offer.activation_code))


@pytest.mark.parametrize(
    "text", ["", "cokolwiek", "https://legitymacja.example.org/", "openid-credential-offer://?x=1"]
)
def test_what_is_no_code_is_said_and_stays_in_the_field(browser: Browser, text: str) -> None:
    page = browser.scan(text)
    assert page.status_code == 422
    assert text in page.text


def test_a_used_offer_is_gone(card: str, browser: Browser, offer: Offer) -> None:
    page = browser.scan(offer.uri)
    assert page.status_code == 422
    assert "został już użyty, wygasł albo został wycofany" in alerts_of(page)


def test_an_issuer_that_does_not_answer_is_said_and_nothing_is_lost(
    browser: Browser, offer: Offer, world: Nearby
) -> None:
    world.cut = "/oid4vci/offers"
    page = browser.scan(offer.uri)
    assert page.status_code == 502
    assert "nie odpowiada" in alerts_of(page)
    world.cut = ""
    browser.scan(offer.uri)
    world.cut = "/token"
    assert browser.activate(offer.activation_code).status_code == 502
    world.cut = ""
    assert browser.activate(offer.activation_code).status_code == 303


@pytest.mark.parametrize("deadly", ["/oid4vci/nonce", "/oid4vci/credential", "/oid4vci/notification"])
def test_killed_after_the_code_was_used_it_goes_on(
    browser: Browser, offer: Offer, world: Nearby, deadly: str
) -> None:
    browser.scan(offer.uri)
    world.deadly = deadly
    with pytest.raises(Killed):
        browser.activate(offer.activation_code)
    world.deadly = ""
    if documents(browser) == 0:
        page = browser.get("/portfel/oferta")
        assert "Pozostało pobrać dokument" in words_of(page)
        assert browser.send(page, "/portfel/oferta").status_code == 303
    assert documents(browser) == 1


def test_no_answer_after_the_code_was_used_is_said_and_it_goes_on(
    browser: Browser, offer: Offer, world: Nearby
) -> None:
    browser.scan(offer.uri)
    world.cut = "/oid4vci/credential"
    page = browser.activate(offer.activation_code)
    assert page.status_code == 502
    assert "nie odpowiada" in alerts_of(page)
    world.cut = ""
    assert browser.scan(offer.uri).location == "/portfel/oferta"  # scanning it again loses nothing
    assert browser.activate("").status_code == 303


def test_who_waits_too_long_half_way_needs_new_codes(
    browser: Browser, offer: Offer, world: Nearby, clock: MovingClock
) -> None:
    browser.scan(offer.uri)
    world.cut = "/oid4vci/credential"
    browser.activate(offer.activation_code)
    world.cut = ""
    for _ in range(7):
        clock.move(minutes=4)
        browser.get(WALLET)
    page = browser.activate("")
    assert page.status_code == 422
    assert "Trwało to zbyt długo" in alerts_of(page)


def test_an_offer_that_waited_for_half_an_hour_is_forgotten(
    browser: Browser, offer: Offer, clock: MovingClock
) -> None:
    browser.scan(offer.uri)
    for _ in range(8):
        clock.move(minutes=4)
        browser.get(WALLET)
    assert browser.get("/portfel/oferta").location == "/portfel/kod"


def test_activating_twice_adds_one_card(browser: Browser, offer: Offer) -> None:
    browser.scan(offer.uri)
    page = browser.get("/portfel/oferta")
    for _ in range(2):
        answer = browser.send(page, "/portfel/oferta", code=offer.activation_code)
        assert answer.status_code == 303
    assert documents(browser) == 1


@pytest.mark.parametrize("waiting_for", ["/oid4vci/token", "/oid4vci/nonce", "/oid4vci/credential"])
def test_activating_in_two_tabs_adds_one_card(
    browser: Browser, offer: Offer, world: Nearby, waiting_for: str
) -> None:
    browser.scan(offer.uri)
    page, tab = browser.get("/portfel/oferta"), browser.another_tab()
    world.meanwhile = (waiting_for, lambda: tab.follow(tab.activate(offer.activation_code)))
    answer = browser.send(page, "/portfel/oferta", code=offer.activation_code)
    assert answer.status_code == 303
    assert documents(browser) == 1


def test_a_wallet_erased_meanwhile_gets_no_card(browser: Browser, offer: Offer, world: Nearby) -> None:
    browser.scan(offer.uri)
    page, tab = browser.get("/portfel/oferta"), browser.another_tab()
    world.meanwhile = ("/oid4vci/credential", lambda: tab.post("/portfel/usun-wszystko"))
    answer = browser.send(page, "/portfel/oferta", code=offer.activation_code)
    assert answer.location == WALLET
    assert "Wymyśl PIN" in words_of(browser.get(WALLET))


def test_an_offer_scanned_meanwhile_is_not_taken_unseen(browser: Browser, desk: Desk, offer: Offer) -> None:
    browser.scan(offer.uri)
    seen = browser.get("/portfel/oferta")
    browser.scan(desk.prepare("order-2", album_number="999999").uri)
    answer = browser.send(seen, "/portfel/oferta", code=offer.activation_code)
    assert "zeskanowano inny kod" in words_of(browser.follow(answer))
    assert documents(browser) == 0


def test_new_codes_for_the_same_card_replace_it(card: str, browser: Browser, desk: Desk) -> None:
    again = browser.add(desk.renew())
    assert again != card
    assert "Zastępuje starszą" in words_of(browser.get(again))
    assert browser.get(card).status_code == 404
    assert documents(browser) == 1


@pytest.fixture
def second_desk(world: Nearby, clock: MovingClock, empty_instance: Path, tmp_path: Path) -> Iterator[Desk]:
    """Of another university, with a portal of its own."""
    instance = shutil.copytree(empty_instance, tmp_path / "second")
    settings = make_settings(
        instance,
        base_url="https://karta.drugi.example",
        university_pl="Uniwersytet Drugi",
        university_short="UD",
        home_organisation="drugi.example",
    )
    with running(settings, clock) as app:
        world.add(app)
        yield Desk(app)


def test_cards_of_two_universities_stand_side_by_side(card: str, browser: Browser, second_desk: Desk) -> None:
    second = browser.add(second_desk.prepare())
    assert "Uniwersytet Drugi" in words_of(browser.get(second))
    page = words_of(browser.get(WALLET))
    assert "Politechnika Próbna" in page
    assert "Uniwersytet Drugi" in page


def test_the_camera_is_allowed_only_where_it_was_chosen(browser: Browser) -> None:
    for way, allowed in (("tekst", False), ("zdjecie", False), ("aparat", True), ("x", False)):
        policy = browser.get(f"/portfel/kod?sposob={way}").headers["Permissions-Policy"]
        assert ("camera=(self)" in policy) is allowed
        assert "microphone=()" in policy
