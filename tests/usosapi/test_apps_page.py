"""„Aplikacje z dostępem”: the student sees who was let in, and takes it back."""

from __future__ import annotations

from flask import Flask

from portal.audit import AuditRecord
from portal.database import db
from tests.conftest import MovingClock
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient, csrf_of
from tests.support.people import make_student
from tests.usosapi.client import Phone
from tests.usosapi.conftest import Student, new_phone

APPS = "/konto/aplikacje"


def rows(client: CheckedClient) -> list[str]:
    return [row.text for row in Page(client.get(APPS).text).all("dd") if row.inside("main")]


def withdraw(client: CheckedClient) -> int:
    """Press the page's first „Odbierz dostęp”."""
    html = client.get(APPS).text
    form = next(form for form in Page(html).all("form") if form["action"].startswith(f"{APPS}/"))
    return client.post(form["action"], data={"csrf_token": csrf_of(html)}).status_code


def test_there_is_none_at_first(student: Student) -> None:
    assert "Żadna aplikacja nie ma dostępu" in student.client.get(APPS).text


def test_an_app_is_listed_with_what_it_may_do_and_when(student: Student, clock: MovingClock) -> None:
    phone = student.let_in("cards|personal")
    assert rows(student.client) == [
        "Twoje legitymacje, Twój numer PESEL",
        "20 listopada 2026, 12:00",
        "jeszcze nigdy",
        "20 listopada 2026, 14:00",
    ]
    clock.move(minutes=5)
    phone.get("users/user")
    assert rows(student.client)[2] == "20 listopada 2026, 12:05"


def test_the_last_use_is_written_once_a_minute(student: Student, clock: MovingClock) -> None:
    phone = student.let_in()
    phone.get("users/user")
    clock.move(seconds=59)
    phone.get("users/user")
    assert rows(student.client)[2] == "20 listopada 2026, 12:00"
    clock.move(seconds=2)
    phone.get("users/user")
    assert rows(student.client)[2] == "20 listopada 2026, 12:01"


def test_several_tokens_of_an_app_are_one_entry(student: Student, app: Flask, clock: MovingClock) -> None:
    first = student.let_in("cards")
    second = Phone(app, clock, first.key, first.secret)
    student.phone = second
    student.let_in("photo|offline_access")
    assert rows(student.client)[0] == "Twoje legitymacje, Twoje zdjęcie"
    assert rows(student.client)[3] == "odebrania dostępu"


def test_access_taken_back_is_over_at_once(student: Student, app: Flask) -> None:
    phone = student.let_in()
    assert withdraw(student.client) == 303
    assert phone.get("users/user").status_code == 401
    assert "nie ma już dostępu" in student.client.get(APPS).text
    with app.app_context():
        last = db.session.query(AuditRecord).order_by(AuditRecord.id.desc()).first()
        assert (last.event, last.actor) == ("app_access_ended", last.subject)


def test_what_was_agreed_and_not_fetched_yet_is_taken_back_too(student: Student, app: Flask) -> None:
    phone = student.let_in()
    other = Phone(app, phone.clock, phone.key, phone.secret)
    pin = student.decide(other.ask())
    withdraw(student.client)
    assert other.exchange(pin).status_code == 401


def test_each_student_takes_back_the_own_access_alone(
    student: Student, second_client: CheckedClient, app: Flask, clock: MovingClock
) -> None:
    phone = student.let_in()
    make_account(app, make_student(app, "100002"), "100002")
    log_in(second_client, "100002")
    assert rows(second_client) == []
    html = student.client.get(APPS).text
    action = next(f["action"] for f in Page(html).all("form") if f["action"].startswith(f"{APPS}/"))
    token = csrf_of(second_client.get(APPS).text)
    assert second_client.post(action, data={"csrf_token": token}).status_code == 404
    assert phone.get("users/user").status_code == 200


def test_apps_stand_by_name_with_a_menu_beside_them(student: Student, app: Flask, clock: MovingClock) -> None:
    student.let_in()
    student.phone = new_phone(app, clock, "Asystent <b>studenta</b>")
    student.let_in("cards")
    page = Page(student.client.get(APPS).text)
    names = [heading.text for heading in page.all("h2") if heading.inside("main")]
    assert names == ["Asystent <b>studenta</b>", "Mobilny USOS"]
    assert page.one("a", href=APPS)["aria-current"] == "page"
