"""What the methods answer, to whom, and how they say no."""

from __future__ import annotations

import io
from datetime import date

import pytest
from flask import Flask
from PIL import Image

from portal.database import write
from portal.registry.models import Student as Registered
from portal.registry.models import StudentStatus, StudyLevel
from portal.usosapi.methods import every
from tests.support.people import make_student
from tests.usosapi.client import BASE, anonymous
from tests.usosapi.conftest import PESEL, Student

ALL = "cards|studies|photo|personal|email|offline_access"


def change(app: Flask, student_id: int, **values: object) -> None:
    with app.app_context(), write() as session:
        student = session.get_one(Registered, student_id)
        for name, value in values.items():
            setattr(student, name, value)


def test_the_servers_time_needs_no_signature(app: Flask) -> None:
    assert anonymous(app, "GET", "/services/apisrv/now").json() == "2026-11-20 12:00:00.000000"


def test_the_installation_says_that_cards_can_be_ordered(app: Flask) -> None:
    query = {"fields": "base_url|institution_name|mcards_support"}
    assert anonymous(app, "GET", "/services/apisrv/installation", params=query).json() == {
        "base_url": f"{BASE}/",
        "institution_name": {"pl": "Politechnika Próbna", "en": "Trial University of Technology"},
        "mcards_support": True,
    }


def test_without_fields_the_usual_ones_come(student: Student) -> None:
    assert student.let_in().post("users/user").json() == {
        "id": "usos-100001",
        "first_name": "Anna Maria",
        "last_name": "Źródlana",
    }


def test_each_scope_opens_its_fields(student: Student, app: Flask) -> None:
    change(app, student.id, email="anna@example.org")
    wanted = "student_status|student_number|pesel|email|has_photo|photo_urls[50x50|original]"
    url = f"{BASE}/services/photos/photo"
    assert student.let_in(ALL).get("users/user", fields=wanted).json() == {
        "student_status": 2,
        "student_number": "100001",
        "pesel": PESEL,
        "email": "anna@example.org",
        "has_photo": True,
        "photo_urls": {"50x50": url, "original": url},
    }


@pytest.mark.parametrize("field", ["student_status", "student_number", "pesel", "email", "photo_urls"])
def test_without_its_scope_a_field_is_refused(student: Student, field: str) -> None:
    answer = student.let_in("cards").get("users/user", fields=f"id|{field}")
    said = answer.json()
    assert (answer.status_code, said["error"], said["field_name"]) == (403, "field_forbidden", field)
    assert said["reason"] == "scope_missing"


@pytest.mark.parametrize(("status", "number"), [("none", 0), ("inactive", 1), ("active", 2)])
def test_the_students_status_is_a_number(student: Student, app: Flask, status: str, number: int) -> None:
    change(app, student.id, status=StudentStatus(status))
    phone = student.let_in("studies")
    assert phone.get("users/user", fields="student_status").json() == {"student_status": number}


def test_only_the_student_is_told_of(student: Student, app: Flask) -> None:
    make_student(app, "100002")
    phone = student.let_in()
    assert phone.get("users/user", user_id="usos-100001").status_code == 200
    other, nobody = phone.get("users/user", user_id="usos-100002"), phone.get("users/user", user_id="x")
    assert other.status_code == nobody.status_code == 404
    assert other.json() == nobody.json()


def test_a_name_on_the_plastic_card_that_changed_is_a_previous_one(student: Student, app: Flask) -> None:
    phone = student.let_in()
    assert phone.get("users/user", fields="previous_names").json() == {"previous_names": []}
    change(app, student.id, surname="Nowa")
    (name,) = phone.get("users/user", fields="previous_names").json()["previous_names"]
    assert name == {"first_name": "Anna Maria", "last_name": "Źródlana", "until": None}


def test_the_photo_comes_to_whoever_signs_for_it(student: Student, app: Flask) -> None:
    phone = student.let_in(ALL)
    url = phone.get("users/user", fields="photo_urls").json()["photo_urls"]["original"]
    answer = phone.session().get(url)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "no-store" in answer.headers["Cache-Control"]
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
    assert anonymous(app, "GET", "/services/photos/photo").status_code == 401


def test_no_photo_has_no_address(student: Student, app: Flask) -> None:
    with app.app_context(), write() as session:
        session.delete(session.get_one(Registered, student.id).photo)
    phone = student.let_in(ALL)
    told = phone.get("users/user", fields="has_photo|photo_urls").json()
    assert told == {"has_photo": False, "photo_urls": None}
    assert phone.get("photos/photo").status_code == 404


def test_a_valid_plastic_card_is_listed(student: Student) -> None:
    assert student.let_in().get("cards/user").json() == [
        {
            "id": "ELS100001",
            "user": {"id": "usos-100001", "first_name": "Anna Maria", "last_name": "Źródlana"},
            "contact_chip_uid": None,
            "contactless_chip_uid": None,
            "barcode_number": "ELS100001",
            "expiration_date": "2027-03-31",
            "type": "student",
            "date_of_issue": "2025-10-01",
        }
    ]


def test_a_plastic_card_past_its_day_is_not_listed(student: Student, app: Flask) -> None:
    with app.app_context(), write() as session:
        session.get_one(Registered, student.id).cards[0].valid_until = date(2026, 11, 19)
    assert student.let_in().get("cards/user").json() == []


def test_a_doctoral_students_card_is_called_so(student: Student, app: Flask) -> None:
    with app.app_context(), write() as session:
        session.get_one(Registered, student.id).programmes[0].level = StudyLevel.DOCTORAL
    phone = student.let_in()
    assert phone.get("cards/user", fields="type").json() == [{"type": "phd"}]
    why = phone.get("cards/mcard", fields="why_cannot_order").json()["why_cannot_order"]
    assert "(ELD)" in why["pl"]


def test_cards_are_for_their_scope_alone(student: Student) -> None:
    phone = student.let_in("studies")
    for method in every():
        if method.scope == "cards":
            answer = phone.post(method.name.removeprefix("services/"), order_id="x")
            said = answer.json()
            assert (answer.status_code, said["error"]) == (403, "method_forbidden"), method.name
            assert said["reason"] == "scope_missing"


def test_a_missing_parameter_is_named(student: Student) -> None:
    answer = student.let_in().get("cards/mcard_order")
    assert (answer.status_code, answer.json()["error"]) == (400, "param_missing")
    assert answer.json()["param_name"] == "order_id"


def test_a_parameter_stands_once(student: Student) -> None:
    phone = student.let_in()
    for twice in ("fields=id&fields=pesel", "lang=pl&lang=en"):
        answer = phone.session().get(f"{BASE}/services/users/user?{twice}")
        assert (answer.status_code, answer.json()["error"]) == (400, "param_invalid")


@pytest.mark.parametrize(
    "query", [{"format": "jsonp"}, {"format": "xml"}, {"format": "json", "callback": "f"}, {"callback": "f"}]
)
def test_other_formats_are_refused_clearly(app: Flask, query: dict[str, str]) -> None:
    answer = anonymous(app, "GET", "/services/apisrv/now", params=query)
    assert (answer.status_code, answer.json()["error"]) == (400, "param_invalid")
    assert answer.json()["message"].endswith(".")


def test_the_format_that_is_spoken_may_be_named(app: Flask) -> None:
    query = {"format": "json", "lang": "en"}
    assert anonymous(app, "POST", "/services/apisrv/now", data=query).status_code == 200


def test_no_other_site_may_read_an_answer(app: Flask) -> None:
    answer = anonymous(app, "GET", "/services/apisrv/now", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_unknown_method_is_said_no_to_in_json(app: Flask) -> None:
    answer = anonymous(app, "GET", "/services/grades/grade")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_one_scope_too_many_is_refused_and_foreign_ones_give_nothing(student: Student) -> None:
    from tests.usosapi.client import REQUEST

    unknown = student.phone.session(callback_uri="oob").post(REQUEST, data={"scopes": "cards|world"})
    assert (unknown.status_code, unknown.json()["param_name"]) == (400, "scopes")
    assert student.let_in("cards|grades|payments").get("cards/mcard").status_code == 200
