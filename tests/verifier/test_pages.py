"""The inspector's pages: whose they are, how they change, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.html import Page
from tests.support.inspected import Phone
from tests.support.login import csrf_token, post
from tests.support.pages import CheckedClient
from tests.verifier.conftest import START, Check, Inspector

HX = {"HX-Request": "true"}


def test_the_menu_leads_there(client: CheckedClient) -> None:
    (link,) = [link for link in Page(client.get("/").text).all("a") if link.text == "Weryfikacja"]
    assert link["href"] == START
    assert client.get(START).status_code == 200


def test_each_kind_of_check_says_what_it_asks_for(client: CheckedClient) -> None:
    tiles = [tile.text for tile in Page(client.get(START).text).all("li") if tile["class"] == "tile"]
    assert len(tiles) == 3
    assert ["numer albumu" in tile for tile in tiles] == [False, True, False]
    assert ["zdjęcie" in tile for tile in tiles] == [True, True, False]


def test_a_waiting_page_says_what_is_asked_and_what_is_not(inspector: Inspector) -> None:
    asks, does_not = inspector.begin("carrier").section.split("Nie pyta o:")
    assert "zdjęcie" in asks
    for word in ("PESEL", "numer albumu", "datę urodzenia"):
        assert word in does_not
        assert word not in asks
    assert "Kod jest ważny do 12:05." in does_not


@pytest.mark.parametrize("preset", ["", "everything", "CARRIER"])
def test_another_kind_of_check_is_refused(client: CheckedClient, preset: str) -> None:
    form = {"csrf_token": csrf_token(client, START), "preset": preset}
    assert post(client, START, form).status_code == 400


@pytest.mark.parametrize("part", ["", "/stan", "/zdjecie"])
def test_another_browser_finds_nothing(
    inspector: Inspector, phone: Phone, second_client: CheckedClient, part: str
) -> None:
    check = inspector.begin()
    phone.show(check.qr)
    Inspector(second_client).begin()
    foreign, unknown = (
        second_client.get(path + part, headers=HX) for path in (check.path, f"{START}/{'0' * 32}")
    )
    assert check.client.get(check.path + part, headers=HX).status_code == 200
    assert (foreign.status_code, foreign.data) == (unknown.status_code, unknown.data) == (404, b"")


def test_a_browser_that_never_asked_finds_nothing(inspector: Inspector, second_client: CheckedClient) -> None:
    assert second_client.get(inspector.begin().path).status_code == 404


def test_reading_the_pages_changes_nothing(
    inspector: Inspector, phone: Phone, written: Callable[[], str]
) -> None:
    check = inspector.begin()
    phone.show(check.qr)
    before = written()
    for path in (START, check.path, check.path + "/zdjecie", check.poll_address):
        check.client.get(path, headers=HX)
        check.client.head(path)
    assert written() == before


def test_a_poll_that_finds_nothing_new_answers_204(inspector: Inspector) -> None:
    check = inspector.begin()
    assert check.client.get(check.poll_address, headers=HX).status_code == 204


def test_a_poll_brings_the_verdict_its_title_and_one_sentence(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin()
    address = check.poll_address
    phone.show(check.qr)
    news = Page(check.client.get(address, headers=HX).text)
    assert news.one("title").text.startswith("WAŻNA – weryfikacja")
    assert "WAŻNA" in news.one("section", id="inspection").text
    said = news.one("p", id="inspection-live").text
    assert said == "Legitymacja jest ważna. Zofia Łucja Żółkiewska."


def test_the_pace_slows_down_without_a_word(inspector: Inspector, clock: MovingClock) -> None:
    check = inspector.begin()
    address = check.poll_address
    clock.move(seconds=60)
    slower = Page(check.client.get(address, headers=HX).text)
    assert slower.all("p", id="inspection-live") == []
    assert slower.one("section", id="inspection")["data-hx-get"] != address


def test_a_page_that_waited_in_vain_says_so_and_stops(inspector: Inspector, clock: MovingClock) -> None:
    check = inspector.begin()
    address = check.poll_address
    clock.move(minutes=5)
    news = Page(check.client.get(address, headers=HX).text)
    assert "Nikt nie odpowiedział w porę." in news.one("p", id="inspection-live").text
    assert "data-hx-get" not in news.one("section", id="inspection")
    assert news.one("button", id="next-check").text == "Następna kontrola"


def test_without_scripts_a_link_and_the_polls_address_lead_to_the_page(inspector: Inspector) -> None:
    check = inspector.begin()
    assert check.page.one("a", id="check-status")["href"] == check.path
    assert check.client.get(check.poll_address).location == check.path


def test_a_flood_of_polls_is_refused(inspector: Inspector) -> None:
    check = inspector.begin()
    address = check.poll_address
    statuses = {check.client.get(address, headers=HX).status_code for _ in range(60)}
    assert statuses == {204, 429}


def test_the_next_check_is_one_press_away_and_of_the_same_kind(inspector: Inspector, phone: Phone) -> None:
    check = inspector.begin("library")
    phone.show(check.qr)
    fields = {field["name"]: field["value"] for field in check.page.all("input", type="hidden")}
    assert fields["preset"] == "library"
    answer = check.client.post(START, data=fields)
    following = Check(check.client, answer.location)
    assert "Kontrola: biblioteka" in following.page.one("h1").text
    assert check.verdict == "WAŻNA"


@pytest.mark.parametrize("state", ["waiting", "valid", "revoked", "refused", "expired", "forgotten"])
def test_every_state_is_there_in_english_too(
    inspector: Inspector, phone: Phone, desk: Desk, clock: MovingClock, state: str
) -> None:
    inspector.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    check = inspector.begin("library")
    bring_to(state, check, phone, desk, clock)
    said = {
        "waiting": "Waiting for the card",
        "valid": "VALID",
        "revoked": "NOT VALID",
        "refused": "The holder refused to show the card.",
        "expired": "Nobody answered in time",
        "forgotten": "The data are erased",
    }
    assert said[state] in check.section
    assert check.page.all("html")[0]["lang"] == "en"


def bring_to(state: str, check: Check, phone: Phone, desk: Desk, clock: MovingClock) -> None:
    if state == "revoked":
        desk.revoke()
    if state in ("valid", "revoked", "forgotten"):
        phone.show(check.qr)
    if state == "refused":
        phone.refuse(check.qr)
    if state in ("expired", "forgotten"):
        clock.move(minutes=5)


def test_the_universitys_name_is_in_the_pages_language(inspector: Inspector, phone: Phone) -> None:
    inspector.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    check = inspector.begin()
    phone.show(check.qr)
    assert "Trial University of Technology" in check.section


def test_where_the_stand_in_wallet_is_there_the_question_can_be_handed_to_it(
    settings: Settings, inspector: Inspector
) -> None:
    assert "/portfel/otworz" not in inspector.begin().html
    object.__setattr__(settings, "wallet", True)
    check = inspector.begin()
    page = check.page
    (form,) = [form for form in page.all("form") if form["action"] == "/portfel/otworz"]
    (field,) = [field for field in page.all("input", name="text") if form in field.ancestors]
    assert field["value"] == check.qr
