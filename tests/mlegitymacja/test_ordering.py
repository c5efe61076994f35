from __future__ import annotations

import pytest
from flask import Flask

from tests.mlegitymacja.conftest import PAGE, Student
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_student


def test_who_meets_all_conditions_sees_the_button_and_the_whole_list(student: Student) -> None:
    page = student.page()
    assert page.one("button", id="place-order").text == "Zamów mLegitymację"
    assert len([item for item in page.all("li") if "checklist__item--met" in item["class"]]) == 7


def test_ordering_shows_the_panel_in_the_words_of_usosweb(student: Student) -> None:
    answer = student.press(PAGE + "/zamow")
    assert (answer.status_code, answer.location) == (303, PAGE)
    text = student.page().one("section", id="order").text
    assert "Status: Oczekuje" in text.replace("Status:Oczekuje", "Status: Oczekuje")
    assert "Data zamówienia:" in text
    assert "Planowana data ważności mLegitymacji:" in text
    assert "31 marca 2027" in text
    assert "Sprawdź status zamówienia" in text
    assert "Anuluj zamówienie" in text


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ({"photo": False}, "Prześlij zdjęcie samodzielnie w USOS"),
        ({"els": False}, "Odbierz legitymację plastikową w dziekanacie"),
        ({"pesel": None}, "korzystaj z legitymacji plastikowej"),
        ({"level": "doctoral"}, "legitymację doktoranta"),
    ],
)
def test_who_may_not_order_is_told_what_to_do_and_has_no_button(
    app: Flask, client: CheckedClient, person: dict[str, object], sentence: str
) -> None:
    make_account(app, make_student(app, **person))
    log_in(client)
    html = client.get(PAGE).text
    assert sentence in html
    assert 'id="place-order"' not in html


def test_ordering_without_the_right_to_is_refused_with_a_sentence(app: Flask, client: CheckedClient) -> None:
    student = Student(app, client, make_student(app, photo=False))
    make_account(app, student.id)
    log_in(client)
    assert student.press(PAGE + "/zamow").status_code == 303
    assert "Nie możesz teraz złożyć zamówienia" in client.get(PAGE).text
    assert student.page().one("section", id="order").text.startswith("Nie masz jeszcze mLegitymacji")


def test_form_fields_that_were_made_up_change_nothing(student: Student) -> None:
    student.press(PAGE + "/zamow", status="collected", planned_valid_until="2099-01-01", student_id="2")
    assert (student.latest.status, str(student.latest.planned_valid_until)) == ("waiting", "2027-03-31")


def test_the_page_says_which_policy_is_in_force(student: Student) -> None:
    assert "Obowiązuje wszystkie siedem warunków" in student.client.get(PAGE).text


def test_cancelling_asks_first_and_then_does_it(student: Student) -> None:
    order = student.order()
    path = f"{PAGE}/anuluj/{order.public_id}"
    assert "Anulować zamówienie?" in student.client.get(path).text
    assert student.latest.status == "waiting"
    student.press(path)
    assert "Anulowane" in student.page().one("section", id="order").text
    assert student.latest.status == "cancelled"


def test_steps_out_of_turn_are_refused_with_the_present_state(student: Student) -> None:
    order = student.order()
    answer = student.press(f"{PAGE}/uniewaznij/{order.public_id}")
    assert answer.status_code == 303
    assert "Zamówienie w międzyczasie się zmieniło" in student.client.get(PAGE).text
    assert student.latest.status == "waiting"


@pytest.mark.parametrize("act", ["anuluj", "uniewaznij"])
def test_somebody_elses_order_answers_like_one_that_does_not_exist(
    student: Student, stranger: Student, act: str
) -> None:
    order = student.order()
    answers = [
        call(f"{PAGE}/{act}/{public_id}")
        for public_id in (order.public_id, "f" * 32)
        for call in (stranger.client.get, stranger.press)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert student.latest.status == "waiting"


def test_a_strangers_page_shows_nothing_of_the_order(student: Student, stranger: Student) -> None:
    order = student.order()
    student.issue()
    offer = student.offer
    assert offer
    html = stranger.client.get(PAGE).text + stranger.client.get(PAGE + "/kody", follow_redirects=True).text
    for secret in (order.public_id, offer.uri, offer.activation_code, "Źródlana"):
        assert secret not in html


def test_the_history_tells_what_happened(student: Student) -> None:
    order = student.order()
    student.issue()
    student.press(f"{PAGE}/anuluj/{order.public_id}")
    history = student.page().one("section", **{"aria-labelledby": "history-heading"}).text
    for words in ("Zamówiono", "Przygotowano, do odbioru", "Anulowano na życzenie studenta"):
        assert words in history
