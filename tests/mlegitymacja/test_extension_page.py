from __future__ import annotations

import pytest

from portal.database import db
from portal.issuer.interface import IssuerRefused, IssuerUnavailable
from portal.orders.states import ExtensionStatus
from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import NEW, OLD, PAGE, Student
from tests.support.html import Page


@pytest.fixture
def due(student: Student) -> Student:
    """A student with a card in the app, whose plastic card has been extended since."""
    student.collect()
    student.els_is_good_until(NEW)
    return student


def news(student: Student, address: str | None) -> Page:
    assert address
    return Page(student.poll(address).text)


def said(page: Page) -> str:
    return page.one("p", id="order-live").text


def test_without_an_extended_els_there_is_nothing_to_press(student: Student) -> None:
    student.collect()
    assert not student.page().all("button", id="extend-card")


@pytest.mark.parametrize(
    ("language", "words", "button"),
    [
        (
            "pl",
            (
                "Twoja mLegitymacja wymaga przedłużenia",
                "Dotąd ważna do: 31 marca 2027",
                "Po przedłużeniu: 31 października 2027",
                "bez nowego kodu QR",
            ),
            "Przedłuż mLegitymację",
        ),
        (
            "en",
            (
                "Your mLegitymacja needs to be extended",
                "Valid until now: 31 March 2027",
                "After the extension: 31 October 2027",
                "without a new QR code",
            ),
            "Extend the mLegitymacja",
        ),
    ],
)
def test_the_page_says_what_an_extension_gives_and_has_one_button(
    due: Student, language: str, words: tuple[str, ...], button: str
) -> None:
    due.speaks(language)
    section = due.section
    assert [sentence for sentence in words if sentence not in section] == []
    assert due.page().one("button", id="extend-card").text == button


def test_pressing_it_leads_back_to_the_page_which_shows_how_it_gets_on(due: Student) -> None:
    answer = due.extend()
    assert (answer.status_code, answer.location) == (303, PAGE)
    page = due.page()
    section = page.one("section", id="order")
    assert page.one("span", id="extension-status").text == "Oczekuje"
    assert "Przedłużenie do 31 października 2027" in section.text
    assert "Przedłużenie Twojej mLegitymacji czeka na realizację." in section.text
    assert page.one("a", id="check-status").text == "Sprawdź status przedłużenia", "for who has no scripts"
    assert section["data-hx-get"]
    assert not page.all("button", id="extend-card")
    assert page.one("title").text.startswith("Oczekuje – przedłużenie")


def test_while_the_issuer_works_the_page_says_so(due: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    due.extend()
    seen: list[str] = []
    issuer = due.app.extensions["portal.issuer"]

    def look_first(requests: object) -> dict[str, None]:
        db.session.rollback()
        page = due.page()
        seen.append(page.one("span", id="extension-status").text)
        seen.append(page.one("section", id="order").text)
        raise IssuerUnavailable

    monkeypatch.setattr(issuer, "extend", look_first)
    due.work()
    assert seen[0] == "W trakcie"
    assert "Twoja mLegitymacja jest przedłużana." in seen[1]


def test_once_done_the_poll_brings_the_new_date_and_says_it_once(due: Student) -> None:
    due.extend()
    address = due.poll_address()
    assert address
    assert due.poll(address).status_code == 204
    due.work()
    page = news(due, address)
    assert said(page) == (
        "Twoja mLegitymacja jest przedłużona do 31 października 2027. Aplikacja pobierze nową datę sama."
    )
    section = page.one("section", id="order")
    assert "ważna do:31 października 2027" in section.text.replace(": ", ":")
    assert page.one("title").text.startswith("Odebrana")
    assert due.poll(section["data-hx-get"]).status_code == 204, "said once"


def test_when_the_app_has_fetched_the_new_date_the_page_says_so(student: Student) -> None:
    card = student.collect()
    student.els_is_good_until(NEW)
    student.extended()
    address = student.poll_address()
    section = student.section
    assert "Aplikacja ma jeszcze starą datę: 31 marca 2027" in section
    assert "Aplikacja pobierze nową datę sama" in section
    fresh = student.phone.refresh(card)
    assert fresh.claims["date_of_expiry"] == NEW.isoformat()
    page = news(student, address)
    assert said(page) == "Twoja mLegitymacja jest przedłużona: aplikacja ma nową datę, 31 października 2027."
    assert "Aplikacja ma jeszcze starą datę" not in page.one("section", id="order").text
    assert not page.one("section", id="order")["data-hx-get"], "nothing more to wait for"
    assert "Aplikacja ma nową datę" in page.one("div", id="history").text


def test_an_app_that_cannot_refresh_gets_new_codes_and_the_old_copy_ends(student: Student) -> None:
    card = student.collect()
    student.els_is_good_until(NEW)
    student.extended()
    assert "stara kopia zostanie unieważniona, gdy tylko odbierzesz nową" in student.section
    address = student.poll_address()
    answer = student.press(f"{PAGE}/nowe-kody/{student.latest.public_id}")
    assert (answer.status_code, answer.location) == (303, PAGE + "/kody")
    page = student.page(PAGE + "/kody")
    assert "Stara kopia zostanie unieważniona, gdy odbierzesz nową." in page.one("main").text
    assert page.one("p", id="qr-text")
    assert student.phone.status(card) == 0, "until the new one is collected"
    student.scan()
    assert student.phone.status(card) == 1
    assert said(news(student, address)).endswith("aplikacja ma nową datę, 31 października 2027.")


def test_new_codes_are_not_for_a_card_whose_app_is_up_to_date(student: Student) -> None:
    student.collect()
    assert not student.page().all("button", id="renew-codes")
    student.press(f"{PAGE}/nowe-kody/{student.latest.public_id}")
    assert "nic nie zrobiono" in student.page().one("main").text
    assert student.offer is None


def test_an_extension_that_failed_gives_its_reason_and_the_button_again(
    due: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    due.extend()
    address = due.poll_address()
    issuer = due.app.extensions["portal.issuer"]
    with monkeypatch.context() as patched:
        patched.setattr(
            issuer, "extend", lambda requests: {r.reference: IssuerRefused("no") for r in requests}
        )
        due.work()
    page = news(due, address)
    assert said(page) == "Nie udało się przedłużyć mLegitymacji. System wydający odrzucił przedłużenie."
    assert page.one("span", id="extension-status").text == "Błąd"
    assert page.one("button", id="extend-card")
    assert "Nie udało się przedłużyć. System wydający" in page.one("div", id="history").text
    due.extended()
    assert due.latest.planned_valid_until == NEW


def test_who_no_longer_may_is_told_why_it_failed_and_has_no_button(due: Student) -> None:
    due.extend()
    due.becomes(status="inactive")
    due.work()
    page = due.page()
    assert "W chwili przedłużania warunki nie były już spełnione." in page.one("section", id="order").text
    assert not page.all("button", id="extend-card")


def test_pressing_twice_makes_one_extension(due: Student) -> None:
    due.extend()
    first = due.extension
    due.extend()
    assert first
    assert due.extension
    assert due.extension.id == first.id
    due.work()
    assert due.extension.status == ExtensionStatus.DONE


def test_with_nothing_to_extend_a_press_is_refused_with_the_present_state(student: Student) -> None:
    student.collect()
    assert student.extend().status_code == 303
    assert "nic nie zrobiono" in student.page().one("main").text
    assert student.extension is None


def test_who_may_not_extend_is_told_so(due: Student) -> None:
    due.becomes(status="inactive")
    assert not due.page().all("button", id="extend-card")
    due.extend()
    assert "Nie można teraz przedłużyć mLegitymacji." in due.page().one("main").text
    assert due.latest.planned_valid_until == OLD


def test_an_extension_is_asked_for_by_its_owner_with_a_form_of_ours_only(
    due: Student, stranger: Student
) -> None:
    path = f"{PAGE}/przedluz/{due.latest.public_id}"
    assert due.client.get(path).status_code == 405
    assert due.client.post(path).status_code == 400
    assert stranger.press(path).status_code == 404
    assert stranger.press(f"{PAGE}/przedluz/{'f' * 32}").status_code == 404
    assert due.extension is None


def test_nobody_pressing_leaves_the_old_date(due: Student, clock: MovingClock) -> None:
    due.work()
    assert due.latest.planned_valid_until == OLD
    clock.move(days=132)
    due.log_in_again()
    assert "mLegitymacja nieważna od: 1 kwietnia 2027" in due.section


def test_a_card_that_the_holder_removed_from_the_app_is_told_as_such(student: Student) -> None:
    card = student.collect()
    assert student.phone.notify(card, "credential_deleted").status == 204
    section = student.section
    assert "Aplikacja zgłosiła, że legitymację z niej usunięto." in section
    assert "Zamów nową legitymację" in section
    assert "Znajdziesz ją w aplikacji" not in section


def test_polling_over_an_extension_goes_on_by_hand(due: Student, clock: MovingClock) -> None:
    due.extend()
    address = due.poll_address()
    clock.move(minutes=11)
    page = news(due, address)
    assert "Skorzystaj z odnośnika „Sprawdź status przedłużenia”." in page.one("section", id="order").text
    assert said(page) == "Ta strona nie sprawdza już statusu sama."


def test_every_state_of_an_extension_is_there_in_english(due: Student) -> None:
    due.speaks("en")
    due.extend()
    assert "Extension to 31 October 2027" in due.section
    due.work()
    assert "Your mLegitymacja is extended to 31 October 2027." in due.section
    assert "The app still has the old date: 31 March 2027" in due.section
    due.press(f"{PAGE}/nowe-kody/{due.latest.public_id}")
    assert "Add the card to the app with the new codes." in due.section


def test_a_strangers_page_shows_nothing_of_an_extension(due: Student, stranger: Student) -> None:
    stranger.order()
    due.extend()
    page = stranger.page()
    assert not page.all("span", id="extension-status")
    assert "przedłuż" not in page.one("section", id="order").text.lower()
