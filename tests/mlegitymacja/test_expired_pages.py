"""Codes and cards whose time is up: what the page says, whether or not the sweep has been there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.orders.states import Reason
from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import NEW, PAGE, Student
from tests.support.wallet import HeldCard

swept_or_not = pytest.mark.parametrize("swept", [False, True], ids=["the sweep is late", "swept"])


def later(student: Student, clock: MovingClock, *, days: int, swept: bool = False) -> None:
    clock.move(days=days)
    student.log_in_again()
    if swept:
        student.sweep()


def shown_to_an_inspector(student: Student, card: HeldCard) -> None:
    """Somebody holds a status list now by which the card is valid."""
    assert student.phone.status(card) == 0


@swept_or_not
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", ("Status: Wygasłe", "Kody straciły ważność", "Możesz zamówić ponownie w jednym kroku.")),
        ("en", ("Status: Expired", "The codes have expired", "You can order again in one step.")),
    ],
)
def test_codes_that_ran_out(
    student: Student, clock: MovingClock, language: str, words: tuple[str, ...], *, swept: bool
) -> None:
    student.order()
    student.issue()
    later(student, clock, days=30, swept=swept)
    student.speaks(language)
    section = student.section
    assert [sentence for sentence in words if sentence not in section] == []
    assert student.client.get(PAGE + "/kody").status_code == 303
    old = student.latest.id
    assert student.press(PAGE + "/zamow").status_code == 303
    assert student.latest.id != old
    assert student.latest.status == "waiting"


@swept_or_not
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "pl",
            ("Status: Po terminie", "mLegitymacja nieważna od: 1 kwietnia 2027", "Możesz zamówić ponownie"),
        ),
        ("en", ("Status: Past its last day", "not valid since: 1 April 2027", "You can order again")),
    ],
)
def test_a_card_past_its_last_day(
    student: Student, clock: MovingClock, language: str, words: tuple[str, ...], *, swept: bool
) -> None:
    student.collect()
    student.els_is_good_until(NEW)
    later(student, clock, days=132, swept=swept)
    student.speaks(language)
    section = student.section
    assert [sentence for sentence in words if sentence not in section] == []
    page = student.page()
    assert not [e for name in ("revoke-card", "new-phone", "extend-card") for e in page.all(id=name)]
    old = student.latest.id
    student.press(PAGE + "/zamow")
    assert student.latest.id != old


def test_on_its_last_day_a_card_is_good_to_midnight_in_warsaw(student: Student, clock: MovingClock) -> None:
    student.collect()
    # The clock starts at noon of 20 November, winter time; 31 March is in summer time, an hour ahead.
    clock.move(days=131, hours=10, minutes=59)
    student.log_in_again()
    assert "mLegitymacja ważna do: 31 marca 2027" in student.section
    clock.move(minutes=1)
    assert "mLegitymacja nieważna od: 1 kwietnia 2027" in student.section


def test_who_may_not_order_again_is_told_so(student: Student, clock: MovingClock) -> None:
    student.collect()
    later(student, clock, days=132)
    section = student.section
    assert "Nie możesz teraz zamówić ponownie." in section
    assert "w jednym kroku" not in section
    assert not student.page().all("button", id="place-order")


def test_neither_is_revoked_after_its_end(student: Student, clock: MovingClock) -> None:
    student.collect()
    later(student, clock, days=132)
    address = f"{PAGE}/uniewaznij/{student.latest.public_id}"
    assert student.client.get(address).status_code == 303
    student.press(address)
    assert "nic nie zrobiono" in student.page().one("main").text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.STATUS_LOST, "Utrata statusu studenta"),
        (Reason.DATA_CHANGED, "Zmiana danych osobowych"),
        (Reason.ELS_ENDED, "Legitymacja plastikowa (ELS) nie jest już ważna"),
        (Reason.LOST_DEVICE, "Zgubiony lub skradziony telefon"),
        (Reason.MISTAKE, "Pomyłka"),
        (Reason.MISUSE, "Niewłaściwe użycie legitymacji"),
    ],
)
def test_a_card_that_the_university_revoked_says_so_with_the_reason(
    student: Student, clock: MovingClock, reason: Reason, words: str
) -> None:
    shown_to_an_inspector(student, student.collect())
    clock.move(minutes=5)
    student.is_revoked_for(reason)
    section = student.section
    assert "Status: Unieważnione" in section
    assert "Unieważniono: 20 listopada 2026, 12:05, przez uczelnię" in section
    assert f"Powód: {words}" in section
    assert "najpóźniej do" in section, "an offline copy may look valid for a while"


def test_a_card_that_its_owner_revoked_names_nobody_else(student: Student) -> None:
    student.collect()
    student.press(f"{PAGE}/uniewaznij/{student.latest.public_id}")
    assert "przez uczelnię" not in student.section
    assert "Powód" not in student.section


def test_after_loss_of_status_the_page_says_what_comes_next_and_when(student: Student) -> None:
    student.collect()
    student.becomes(status="inactive")
    student.is_revoked_for(Reason.STATUS_LOST)
    section = student.section
    assert "Po odzyskaniu statusu studenta zamów tu mLegitymację ponownie." in section
    assert not student.page().all("button", id="place-order")
    student.becomes(status="active")
    section = student.section
    assert "Znów spełniasz warunki: zamów mLegitymację ponownie." in section
    student.press(PAGE + "/zamow")
    assert student.latest.status == "waiting"


def test_after_changed_data_a_new_els_is_needed(student: Student) -> None:
    student.collect()
    student.becomes(surname="Nowa")
    student.is_revoked_for(Reason.DATA_CHANGED)
    assert "Potrzebna jest nowa legitymacja plastikowa (ELS) z obecnymi danymi." in student.section
    student.speaks("en")
    assert "You need a new plastic card (ELS) with your present personal data." in student.section


def test_an_els_that_ended_has_to_be_made_valid_first(student: Student) -> None:
    student.collect()
    student.els_is_good_until(student.latest.ordered_at.date() - timedelta(days=1))
    student.is_revoked_for(Reason.ELS_ENDED)
    assert "Przedłuży lub wymieni ją dziekanat" in student.section


def test_once_no_copy_can_look_valid_the_page_stops_warning(student: Student, clock: MovingClock) -> None:
    shown_to_an_inspector(student, student.collect())
    student.press(f"{PAGE}/uniewaznij/{student.latest.public_id}")
    assert "najpóźniej do" in student.section
    later(student, clock, days=1)
    assert "Żadna jej kopia nie może już wyglądać na ważną." in student.section
    assert "najpóźniej do" not in student.section


def test_an_order_revoked_before_it_was_collected_names_its_reason_too(student: Student) -> None:
    student.order()
    student.is_revoked_for(Reason.STATUS_LOST)
    assert "Powód: Utrata statusu studenta" in student.section
    assert "Żadna jej kopia nie może już wyglądać na ważną." in student.section
