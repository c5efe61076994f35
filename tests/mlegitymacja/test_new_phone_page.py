from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import PAGE, Student


def path(student: Student) -> str:
    return f"{PAGE}/nowy-telefon/{student.latest.public_id}"


@pytest.fixture
def holder(student: Student) -> Student:
    """A student with a card in the app."""
    student.collect()
    return student


def test_the_order_page_leads_there(holder: Student) -> None:
    link = holder.page().one("a", id="new-phone")
    assert (link.text, link["href"]) == ("Mam nowy telefon", path(holder))


@pytest.mark.parametrize(
    ("language", "words", "button"),
    [
        (
            "pl",
            ("działa tylko na jednym urządzeniu", "nie dłużej niż 24 godziny", "Nowe kody zeskanujesz"),
            "Unieważnij starą i zamów nową",
        ),
        (
            "en",
            ("works on one device only", "never longer than 24 hours", "You scan the new codes"),
            "Revoke the old card and order a new one",
        ),
    ],
)
def test_it_explains_and_asks_before_anything_is_done(
    holder: Student, language: str, words: tuple[str, ...], button: str
) -> None:
    holder.speaks(language)
    main = holder.page(path(holder)).one("main")
    assert [sentence for sentence in words if sentence not in main.text] == []
    assert button in main.text
    assert holder.latest.status == "collected"


def test_one_confirmation_ends_the_old_card_and_orders_the_new_one(student: Student) -> None:
    card = student.collect()
    old = student.latest
    answer = student.press(path(student))
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert student.latest.id != old.id
    assert student.latest.status == "waiting"
    assert student.phone.status(card) == 1
    page = student.page()
    assert "Stara legitymacja jest unieważniona, a nowa zamówiona." in page.one("main").text
    assert page.one("section", id="order")["data-hx-get"], "it changes by itself from here on"
    student.issue()
    assert student.phone.status(student.scan()) == 0


def test_pressed_again_it_orders_nothing_more(holder: Student) -> None:
    address = path(holder)
    holder.press(address)
    new = holder.latest.public_id
    assert holder.press(address).status_code == 303
    assert holder.latest.public_id == new


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "pl",
            (
                "Nie możesz teraz zamówić nowej legitymacji",
                "Masz aktywny status studenta",
                "W dziekanacie dowiesz",
            ),
        ),
        ("en", ("You cannot order a new card now", "You have active student status", "(dziekanat) can tell")),
    ],
)
def test_who_may_not_order_now_is_told_before_anything_is_revoked(
    holder: Student, language: str, words: tuple[str, ...]
) -> None:
    holder.becomes(status="inactive")
    holder.speaks(language)
    page = holder.page(path(holder))
    main = page.one("main")
    assert [sentence for sentence in words if sentence not in main.text] == []
    assert "PESEL" not in main.text, "only what is missing"
    assert not [form for form in page.all("form") if form.inside("main")], "nothing to press"
    revoke = f"{PAGE}/uniewaznij/{holder.latest.public_id}"
    assert [a for a in page.all("a", href=revoke) if a.inside("main")], "a lost phone's card can be revoked"


def test_who_loses_the_right_while_the_page_is_open_keeps_the_card(student: Student) -> None:
    card = student.collect()
    address = path(student)
    student.page(address)
    student.becomes(status="inactive")
    answer = student.press(address)
    assert (answer.status_code, answer.location) == (303, address)
    assert "dlatego starej nie unieważniono" in student.page(address).one("main").text
    assert student.latest.status == "collected"
    assert student.phone.status(card) == 0


def test_a_student_of_other_studies_only_is_told_so(holder: Student) -> None:
    holder.studies("doctoral")
    page = holder.page(path(holder))
    assert "a na takich już nie studiujesz" in page.one("main").text
    assert not [form for form in page.all("form") if form.inside("main")]


def test_before_the_card_is_collected_there_is_nothing_to_replace(student: Student) -> None:
    student.order()
    assert not student.page().all("a", id="new-phone")
    for answer in (student.client.get(path(student)), student.press(path(student))):
        assert (answer.status_code, answer.location) == (303, PAGE)
    assert "nic nie zrobiono" in student.page().one("main").text
    assert student.latest.status == "waiting"


def test_a_card_past_its_last_day_is_ordered_again_instead(holder: Student, clock: MovingClock) -> None:
    holder.els_is_good_until(date(2027, 10, 31))
    clock.move(days=133)
    holder.log_in_again()
    assert holder.client.get(path(holder)).status_code == 303
    old = holder.latest.id
    assert holder.press(path(holder)).status_code == 303
    assert holder.latest.id == old


def test_somebody_elses_card_answers_like_one_that_does_not_exist(holder: Student, stranger: Student) -> None:
    unknown = f"{PAGE}/nowy-telefon/{'f' * 32}"
    answers = [
        call(address) for address in (path(holder), unknown) for call in (stranger.client.get, stranger.press)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert holder.latest.status == "collected"


def test_it_is_done_by_a_form_of_ours_only(holder: Student) -> None:
    assert holder.client.post(path(holder)).status_code == 400
    assert holder.client.head(path(holder)).status_code == 200
    assert holder.latest.status == "collected"
