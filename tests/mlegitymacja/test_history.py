from __future__ import annotations

from datetime import date

import pytest

from portal.issuer.interface import IssuerRefused
from portal.orders.states import Reason
from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import NEW, PAGE, Student
from tests.pages.test_weight import FIRST_FLIGHT, first_view
from tests.support.html import Element


def history(student: Student) -> str:
    return student.page().one("section", aria_labelledby="history-heading").text


def entries(student: Student, path: str = PAGE) -> list[str]:
    """What stands under the orders, line by line, without the times."""
    lines = [item for item in student.page(path).all("li") if item.inside("ol") and item.inside("ul")]
    return [line.text.split(": ", 1)[1] for line in lines if in_history(line)]


def in_history(line: Element) -> bool:
    return any(ancestor["class"] == "history" for ancestor in line.ancestors)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "pl",
            [
                "Zamówiono",
                "Przygotowano, do odbioru",
                "Dodano do aplikacji",
                "Przedłużono, ważna do 31 października 2027 zamiast 31 marca 2027",
                "Aplikacja ma nową datę",
                "Usunięto z aplikacji",
                "Unieważniono przez uczelnię. Zgubiony lub skradziony telefon",
            ],
        ),
        (
            "en",
            [
                "Ordered",
                "Prepared, ready to collect",
                "Added to the app",
                "Extended, valid until 31 October 2027 instead of 31 March 2027",
                "The app has the new date",
                "Removed from the app",
                "Revoked by the university. Lost or stolen phone",
            ],
        ),
    ],
)
def test_the_life_of_a_card_is_told_in_words(student: Student, language: str, expected: list[str]) -> None:
    student.speaks(language)
    card = student.collect()
    student.els_is_good_until(NEW)
    student.extended()
    card = student.phone.refresh(card)
    student.phone.notify(card, "credential_deleted")
    student.is_revoked_for(Reason.LOST_DEVICE)
    assert entries(student) == expected


def test_each_line_has_its_time(student: Student, clock: MovingClock) -> None:
    student.collect()
    student.els_is_good_until(NEW)
    clock.move(minutes=7)
    student.extended()
    assert "20 listopada 2026, 12:07: Przedłużono" in history(student)


def test_two_extensions_are_told_with_their_own_days(student: Student, clock: MovingClock) -> None:
    student.collect()
    student.els_is_good_until(NEW)
    student.extended()
    student.els_is_good_until(NEW.replace(year=2028))
    clock.move(minutes=1)
    student.extended()
    told = [line for line in entries(student) if line.startswith("Przedłużono")]
    assert told == [
        "Przedłużono, ważna do 31 października 2027 zamiast 31 marca 2027",
        "Przedłużono, ważna do 31 października 2028 zamiast 31 października 2027",
    ]


def test_an_extension_under_way_and_a_failed_one_are_told_too(
    student: Student, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    student.collect()
    student.els_is_good_until(NEW)
    clock.move(minutes=1)
    student.extend()
    asked = "Zlecono przedłużenie, ważna do 31 października 2027 zamiast 31 marca 2027"
    assert entries(student)[-1] == asked
    refusal = {student.latest.public_id: IssuerRefused("no")}
    monkeypatch.setattr(student.app.extensions["portal.issuer"], "extend", lambda _requests: refusal)
    clock.move(seconds=5)
    student.work()
    assert entries(student)[-2:] == [
        asked,
        "Nie udało się przedłużyć. System wydający odrzucił przedłużenie.",
    ]


def test_an_extension_that_the_cards_end_overtook_is_told_as_dropped(
    student: Student, clock: MovingClock
) -> None:
    student.collect()
    student.els_is_good_until(NEW)
    student.extend()
    clock.move(seconds=5)
    student.is_revoked_for(Reason.MISTAKE)
    student.work()
    assert {"Przerwano przedłużanie", "Unieważniono przez uczelnię. Pomyłka"} <= set(entries(student))


def test_a_new_phone_is_the_reason_of_the_old_cards_end(student: Student) -> None:
    student.collect()
    student.press(f"{PAGE}/nowy-telefon/{student.latest.public_id}")
    assert "Unieważniono na życzenie studenta. Nowy telefon" in history(student)


def test_only_the_latest_order_is_unfolded(student: Student) -> None:
    for _time in range(3):
        student.press(f"{PAGE}/anuluj/{student.order().public_id}")
    page = student.page()
    lists = [e for e in page.all("ol") if e["class"] == "history"]
    assert [(e["start"], e.inside("details")) for e in lists] == [("3", False), ("2", True)]
    assert page.all("summary")[-1].text == "Wcześniejsze zamówienia"
    assert not page.all("a", href=PAGE + "/historia")


def test_a_long_history_has_a_page_of_its_own_and_the_order_page_stays_light(student: Student) -> None:
    for _time in range(9):
        student.press(f"{PAGE}/anuluj/{student.order().public_id}")
    page = student.page()
    assert len(entries(student)) == 2 * 6
    assert page.one("a", href=PAGE + "/historia").text == "Wszystkie Twoje zamówienia (9)"
    assert len(entries(student, PAGE + "/historia")) == 2 * 9


def test_the_history_of_nobody_is_empty(student: Student, stranger: Student) -> None:
    student.order()
    main = stranger.page(PAGE + "/historia").one("main").text
    assert "Nie masz jeszcze mLegitymacji" in main
    assert "Zamówiono" not in main


def test_the_history_is_true_before_the_sweep_was_there(student: Student, clock: MovingClock) -> None:
    student.collect()
    clock.move(days=132)
    student.log_in_again()
    assert "Po terminie" in history(student)


def test_a_card_that_ends_earlier_than_planned_says_when(student: Student) -> None:
    student.collect()
    student.is_shortened_to(date(2027, 2, 15))
    assert entries(student)[-1] == "Kończy się wcześniej, niż planowano, ważna do 15 lutego 2027"
    assert "kończy się wcześniej, niż może pokazywać aplikacja: 15 lutego 2027." in student.section


def test_the_heaviest_order_page_still_fits_the_first_flight(student: Student) -> None:
    for _time in range(8):
        student.press(f"{PAGE}/anuluj/{student.order().public_id}")
    student.collect()
    student.els_is_good_until(NEW)
    student.extended()
    student.press(f"{PAGE}/nowe-kody/{student.latest.public_id}")
    assert len(entries(student, PAGE + "/kody")) > 12
    weight = first_view(student.client, PAGE + "/kody")
    assert weight <= FIRST_FLIGHT
