"""What every page of the portal tells a student whose card ends soon or can be extended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event

from portal.database import db
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.mlegitymacja.conftest import NEW, PAGE, Student
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient

ELSEWHERE = ("/", "/dla-studentow", "/konto/haslo", "/pomoc/mlegitymacja", "/prywatnosc", "/nie-ma")
LABEL = {"pl": "Ważność Twojej mLegitymacji", "en": "Validity of your mLegitymacja"}


def notices(student: Student, path: str = "/dla-studentow", language: str = "pl") -> list[str]:
    """The texts of the regions that the frame of the page holds for a notice."""
    student.speaks(language)
    regions = student.page(path).all("section", aria_label=LABEL[language])
    assert not [region for region in regions if region.inside("main")]
    return [region.text for region in regions]


def at(student: Student, clock: MovingClock, day: date) -> None:
    """Noon of that day, logged in again."""
    clock.move(days=(day - clock.now().date()).days)
    student.log_in_again()


@pytest.fixture
def holder(student: Student) -> Student:
    """A student with a card to 31 March in the app."""
    student.collect()
    return student


def test_a_card_that_is_good_for_long_is_no_news(holder: Student, clock: MovingClock) -> None:
    assert notices(holder) == []
    at(holder, clock, date(2027, 2, 28))
    assert notices(holder) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", ("Twoja mLegitymacja jest ważna do 31 marca 2027", "Po przedłużeniu plastikowej legitymacji")),
        ("en", ("Your mLegitymacja is valid until 31 March 2027", "Once your plastic card (ELS) has been")),
    ],
)
def test_from_thirty_days_before_its_end_every_page_says_so(
    holder: Student, clock: MovingClock, language: str, words: tuple[str, str]
) -> None:
    at(holder, clock, date(2027, 3, 1))
    for path in ELSEWHERE:
        (told,) = notices(holder, path, language)
        assert [sentence for sentence in words if sentence not in told] == [], path


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", "Dziś ostatni dzień ważności Twojej mLegitymacji"),
        ("en", "Today is the last day of your mLegitymacja"),
    ],
)
def test_on_the_last_day_every_page_says_that(
    holder: Student, clock: MovingClock, language: str, words: str
) -> None:
    at(holder, clock, date(2027, 3, 31))
    assert words in notices(holder, language=language)[0]
    clock.move(days=1)
    holder.log_in_again()
    assert notices(holder) == [], "what has ended is told on its own page"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", ("wymaga przedłużenia", "Jest ważna do 31 marca 2027", "do 31 października 2027", "Przedłuż")),
        ("en", ("needs to be extended", "valid until 31 March 2027", "until 31 October 2027", "Extend the")),
    ],
)
def test_once_the_els_is_extended_every_page_asks_for_the_extension(
    holder: Student, language: str, words: tuple[str, ...]
) -> None:
    holder.els_is_good_until(NEW)
    (told,) = notices(holder, language=language)
    assert [sentence for sentence in words if sentence not in told] == []
    assert holder.page("/dla-studentow").all("a", href=PAGE)


def test_on_the_last_day_an_extension_that_is_due_is_asked_for(holder: Student, clock: MovingClock) -> None:
    holder.els_is_good_until(NEW)
    at(holder, clock, date(2027, 3, 31))
    (told,) = notices(holder)
    assert "Dziś ostatni dzień" in told
    assert "Po przedłużeniu będzie ważna do 31 października 2027." in told


def test_an_extension_under_way_or_done_is_asked_for_no_more(holder: Student, clock: MovingClock) -> None:
    holder.els_is_good_until(NEW)
    at(holder, clock, date(2027, 3, 20))
    holder.extend()
    assert notices(holder) == []
    holder.work()
    assert "wymaga przedłużenia" not in " ".join(notices(holder))


def test_an_app_that_has_not_taken_the_new_date_is_told_of_before_its_copy_ends(
    student: Student, clock: MovingClock
) -> None:
    card = student.collect()
    student.els_is_good_until(NEW)
    student.extended()
    assert notices(student) == [], "there is time"
    at(student, clock, date(2027, 3, 1))
    (told,) = notices(student)
    assert "Aplikacja nie pobrała jeszcze nowej daty" in told
    assert "pokazuje jeszcze 31 marca 2027" in told
    student.phone.refresh(card)
    assert notices(student) == []


def test_who_may_not_extend_is_not_asked_to(holder: Student) -> None:
    holder.els_is_good_until(NEW)
    holder.becomes(status="inactive")
    assert notices(holder) == []


def test_the_order_page_says_it_in_place_and_not_twice(holder: Student, clock: MovingClock) -> None:
    at(holder, clock, date(2027, 3, 31))
    assert notices(holder, PAGE) == []
    assert "Dziś ostatni dzień ważności Twojej mLegitymacji" in holder.section
    holder.els_is_good_until(NEW)
    assert notices(holder, PAGE) == []
    assert "Dotąd ważna do: 31 marca 2027 (dziś)" in holder.section
    assert notices(holder, f"{PAGE}/uniewaznij/{holder.latest.public_id}") != []


def test_a_notice_is_a_labelled_region_that_does_not_interrupt(holder: Student) -> None:
    holder.els_is_good_until(NEW)
    region = holder.page("/dla-studentow").one("section", aria_label=LABEL["pl"])
    assert not region["role"]
    inside = [
        e for e in holder.page("/").elements if any(a["aria-label"] == LABEL["pl"] for a in e.ancestors)
    ]
    assert not [e for e in inside if e["role"] in ("alert", "status") or "aria-live" in e]


def test_polls_carry_no_notice(holder: Student) -> None:
    holder.els_is_good_until(NEW)
    holder.extend()
    address = holder.poll_address()
    assert address
    holder.work()
    assert LABEL["pl"] not in holder.poll(address).text


def test_a_stranger_hears_nothing_of_it(holder: Student, stranger: Student) -> None:
    holder.els_is_good_until(NEW)
    assert notices(stranger) == []


@pytest.fixture
def queries(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    with app.app_context():
        event.remove(db.engine, "before_cursor_execute", note)


def test_it_costs_one_query_or_two_and_nothing_where_nobody_is_a_student(
    app: Flask, student: Student, second_client: CheckedClient, queries: list[str]
) -> None:
    def asked(client: CheckedClient) -> int:
        queries.clear()
        client.get("/pomoc/mlegitymacja")
        return len(queries)

    assert asked(second_client) == 0
    make_account(app, None, "dziekanat", role="staff")
    log_in(second_client, "dziekanat")
    session_alone = asked(second_client)
    assert asked(student.client) == session_alone + 1
    student.collect()
    assert asked(student.client) == session_alone + 2


class TestPolicyOf2025:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, policy="2025")

    def test_the_next_semester_can_be_asked_for_without_an_els(
        self, holder: Student, clock: MovingClock
    ) -> None:
        at(holder, clock, date(2027, 2, 28))
        assert notices(holder) == []
        at(holder, clock, date(2027, 3, 1))
        (told,) = notices(holder)
        assert "Po przedłużeniu będzie ważna do 31 października 2027." in told

    def test_who_cannot_extend_is_not_sent_for_an_els(self, holder: Student, clock: MovingClock) -> None:
        at(holder, clock, date(2027, 3, 10))
        holder.becomes(status="inactive")
        (told,) = notices(holder)
        assert "ELS" not in told
        assert "Gdy będzie można ją przedłużyć, portal o tym powie" in told
