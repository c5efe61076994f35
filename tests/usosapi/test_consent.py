"""The student is asked, agrees or refuses, and only that decides (OAuth 1.0a, RFC 5849, 2)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from portal.audit import AuditRecord
from portal.database import db
from portal.usosapi.models import AccessToken, RequestToken
from tests.conftest import MovingClock
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient, csrf_of, hidden_fields
from tests.support.people import make_student
from tests.usosapi.client import ACCESS, CALLBACK, REQUEST, Phone
from tests.usosapi.conftest import Student, new_phone

AUTHORIZE = "/services/oauth/authorize"


def query_of(location: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}


def test_the_page_says_what_the_app_may_do(student: Student) -> None:
    page = Page(student.client.get(student.phone.ask(scopes="cards|personal")).text)
    assert "„Mobilny USOS”" in page.one("h1").text
    said = page.one("main").text
    for words in ("Twoje legitymacje", "Twój numer PESEL", "Na dwie godziny", "PIN"):
        assert words in said
    assert "Twoje zdjęcie" not in said


def test_the_page_names_what_every_app_gets(student: Student) -> None:
    said = Page(student.client.get(student.phone.ask(scopes="")).text).one("main").text
    for words in ("imiona i nazwisko", "z plastikowej legitymacji", "identyfikator", "czy jest tam zdjęcie"):
        assert words in said


def test_the_page_speaks_english_too(student: Student) -> None:
    student.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = Page(student.client.get(student.phone.ask(CALLBACK)).text)
    assert "asks for access" in page.one("h1").text
    assert "app.example.org" in page.one("main").text


def test_choosing_the_language_does_not_lose_the_question(student: Student) -> None:
    form = hidden_fields(student.client.get(student.phone.ask()).text)
    answer = student.client.post("/jezyk", data={**form, "language": "en"}, follow_redirects=True)
    assert "asks for access" in Page(answer.text).one("h1").text


def test_agreeing_leads_back_to_the_app_with_a_verifier(student: Student) -> None:
    location = student.decide(student.phone.ask(f"{CALLBACK}?stan=%C5%BC%7C1"))
    assert location.startswith(f"{CALLBACK}?")
    shown = query_of(location)
    assert (shown["stan"], shown["oauth_token"]) == ("ż|1", student.phone.token)
    assert student.phone.exchange(shown["oauth_verifier"]).status_code == 200
    assert student.phone.get("users/user").json()["first_name"] == "Anna Maria"


def test_the_form_may_lead_to_the_registered_app_and_nowhere_else(student: Student) -> None:
    policy = student.client.get(student.phone.ask(CALLBACK)).headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example.org;" in policy
    policy = student.client.get(student.phone.ask()).headers["Content-Security-Policy"]
    assert "form-action 'self';" in policy


def test_an_app_on_the_phone_is_opened_by_its_own_scheme(student: Student, clock: MovingClock) -> None:
    phone = new_phone(student.app, clock, callback="org.example.app://done")
    page = phone.ask("org.example.app://done")
    assert (
        "form-action 'self' org.example.app:;" in student.client.get(page).headers["Content-Security-Policy"]
    )
    assert "przejdzie do: Mobilny USOS." in Page(student.client.get(page).text).one("main").text
    assert student.decide(page).startswith("org.example.app://done?oauth_token=")


def test_refusing_leads_back_without_a_verifier(student: Student) -> None:
    shown = query_of(student.decide(student.phone.ask(CALLBACK), "refuse"))
    assert shown == {"oauth_token": student.phone.token, "oauth_problem": "user_refused"}
    assert student.phone.exchange("12345678").status_code == 401


def test_refusing_without_a_way_back_leads_to_ones_apps(student: Student) -> None:
    assert student.decide(student.phone.ask(), "refuse") == "/konto/aplikacje"
    assert "nie dostała dostępu" in student.client.get("/konto/aplikacje").text


def test_a_visitor_logs_in_on_the_way(student: Student, second_client: CheckedClient) -> None:
    page = student.phone.ask(CALLBACK)
    led = second_client.get(page)
    assert (led.status_code, led.location.partition("?")[0]) == (303, "/logowanie")
    answer = log_in(second_client, next_page=parse_qs(urlsplit(led.location).query)["next"][0])
    assert answer.location == page
    assert "prosi o dostęp" in second_client.get(page).text


def test_looking_at_the_page_lets_nobody_in(student: Student) -> None:
    page = student.phone.ask()
    for interactivity in ("", "&interactivity=minimal"):
        student.client.get(page.partition("&")[0] + interactivity)
    assert student.phone.exchange("12345678").json()["reason"] == "verifier_invalid"


def test_a_request_token_is_good_for_a_quarter_of_an_hour(student: Student, clock: MovingClock) -> None:
    page = student.phone.ask()
    clock.move(minutes=15)
    gone = student.client.get(page)
    assert gone.status_code == 404
    assert "nieaktualna" in gone.text


def test_an_agreed_token_that_nobody_fetched_ends_too(student: Student, clock: MovingClock) -> None:
    pin = student.decide(student.phone.ask())
    clock.move(minutes=15)
    assert student.phone.exchange(pin).json()["reason"] == "token_invalid"


def test_a_request_token_is_exchanged_once(student: Student, app: Flask) -> None:
    pin = student.decide(student.phone.ask())
    first = Phone(app, student.phone.clock, student.phone.key, student.phone.secret)
    first.token, first.token_secret = student.phone.token, student.phone.token_secret
    assert first.exchange(pin).status_code == 200
    assert student.phone.exchange(pin).json()["reason"] == "token_invalid"
    with app.app_context():
        assert (db.session.query(AccessToken).count(), db.session.query(RequestToken).count()) == (1, 0)


def test_after_five_wrong_verifiers_the_right_one_is_of_no_use(student: Student) -> None:
    pin = student.decide(student.phone.ask())
    for _try in range(5):
        assert student.phone.exchange("00000000").json()["reason"] == "verifier_invalid"
    assert student.phone.exchange(pin).json()["reason"] == "verifier_invalid"


def test_a_verifier_belongs_to_its_request_token(student: Student) -> None:
    pin = student.decide(student.phone.ask())
    student.decide(student.phone.ask())
    assert student.phone.exchange(pin).json()["reason"] == "verifier_invalid"


def test_the_exchange_needs_a_verifier(student: Student) -> None:
    student.decide(student.phone.ask())
    answer = student.phone.session().post(ACCESS)
    assert (answer.status_code, answer.json()["param_name"]) == (400, "oauth_verifier")


def test_an_answer_is_given_once(student: Student) -> None:
    page = student.phone.ask()
    token = csrf_of(student.client.get(page).text)
    student.decide(page)
    again = {"csrf_token": token, "oauth_token": student.phone.token, "decision": "refuse"}
    assert student.client.post(AUTHORIZE, data=again).status_code == 404


@pytest.mark.parametrize("callback", ["oob", CALLBACK])
def test_agreeing_by_a_double_click_leads_on_all_the_same(student: Student, callback: str) -> None:
    page = student.phone.ask(callback)
    form = hidden_fields(student.client.get(page).text) | {"decision": "allow"}
    first, second = (student.client.post(AUTHORIZE, data=form) for _click in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location


def test_who_else_agrees_is_too_late(student: Student, second_client: CheckedClient, app: Flask) -> None:
    make_account(app, make_student(app, "100002"), "100002")
    log_in(second_client, "100002")
    page = student.phone.ask(CALLBACK)
    form = hidden_fields(second_client.get(page).text) | {"decision": "allow"}
    student.decide(page)
    assert second_client.post(AUTHORIZE, data=form).status_code == 404


def test_the_pin_is_for_who_agreed_alone(student: Student, second_client: CheckedClient, app: Flask) -> None:
    student.decide(student.phone.ask())
    shown = f"/services/oauth/authorized?oauth_token={student.phone.token}"
    assert student.client.get(shown).status_code == 200
    make_account(app, make_student(app, "100002"), "100002")
    log_in(second_client, "100002")
    assert second_client.get(shown).status_code == 404


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example/done",
        "https://app.example.org.evil.example/done",
        "https://app.example.org/elsewhere",
        "http://app.example.org/done",
        "https://app.example.org@evil.example/done",
        f"{CALLBACK}#fragment",
        f"{CALLBACK}?a=b;c",
        "https://[",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_foreign_callback_is_refused(student: Student, foreign: str) -> None:
    answer = student.phone.session(callback_uri=foreign or None).post(REQUEST, data={"scopes": "cards"})
    assert (answer.status_code, answer.json()["param_name"]) == (400, "oauth_callback")


def test_without_a_registered_callback_there_are_pins_alone(student: Student, clock: MovingClock) -> None:
    phone = new_phone(student.app, clock, callback=None)
    assert phone.session(callback_uri=CALLBACK).post(REQUEST).status_code == 400
    assert len(student.decide(phone.ask())) == 8


def test_token_answers_are_forms(student: Student) -> None:
    answer = student.phone.session(callback_uri="oob").get(REQUEST, params={"scopes": "cards"})
    assert answer.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    told = {name: value for name, (value,) in parse_qs(answer.text).items()}
    assert set(told) == {"oauth_token", "oauth_token_secret", "oauth_callback_confirmed"}


def test_what_happened_is_in_the_audit(student: Student, app: Flask) -> None:
    student.let_in().post("oauth/revoke_token")
    with app.app_context():
        rows = db.session.query(AuditRecord).filter(AuditRecord.event.like("app_%")).order_by(AuditRecord.id)
        assert [row.event for row in rows] == ["app_registered", "app_allowed", "app_access_ended"]
        assert rows[1].subject == rows[2].subject == rows[1].actor
