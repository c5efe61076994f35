"""Plain records of many students at once."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event

from portal.database import db
from portal.registry.records import RegistryUnavailable, student_email, student_record, student_records
from tests.registry.office import Office, row
from tests.support.people import make_student


def test_many_records_are_the_same_as_one_by_one(app: Flask, office: Office) -> None:
    office.bring(
        row(1),
        row(1, programme_code="ZAR-1", els_number="ELS-OLD", els_issued_on="2023-10-01"),
        row(2, programme_code="", programme_name="", faculty="", study_level="", programme_active=""),
    )
    make_student(app, els=False, photo=True)
    with app.app_context():
        keys = [1, 2, 3]
        many = student_records(db.session(), keys)
        assert many == {key: student_record(db.session(), key) for key in keys}
        assert [programme.name for programme in many[1].programmes] == ["Informatyka", "Informatyka"]
        assert many[1].els is not None
        assert (many[1].els.card_number, many[1].els.issued_on) == ("ELS1", date(2025, 10, 1))
        assert (many[2].programmes, many[3].els) == ((), None)
        assert [many[key].has_photo for key in keys] == [False, False, True]


def test_unknown_keys_are_left_out(app: Flask) -> None:
    key = make_student(app)
    with app.app_context():
        assert set(student_records(db.session(), [key, key, 404])) == {key}
        assert student_records(db.session(), []) == {}
        with pytest.raises(LookupError):
            student_record(db.session(), 404)


def test_more_students_take_hardly_more_queries(app: Flask, office: Office) -> None:
    office.bring(*(row(number) for number in range(1, 701)))
    queries: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *what: queries.append(what[2]))
        assert len(student_records(db.session(), range(1, 701))) == 700
    assert len([query for query in queries if query.startswith("SELECT")]) == 8


def test_a_record_tells_what_is_in_the_database_now(app: Flask, office: Office) -> None:
    office.bring(row())
    with app.app_context():
        assert student_record(db.session(), 1).personal.surname == "Łąkowska"
        office.bring(row(surname="Polna"))
        db.session.rollback()
        assert student_record(db.session(), 1).personal.surname == "Polna"


def test_a_registry_that_cannot_be_read_says_so(app: Flask) -> None:
    key = make_student(app)
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE students RENAME TO elsewhere")
        for ask in (student_record, student_email):
            with pytest.raises(RegistryUnavailable):
                ask(db.session(), key)
            db.session.rollback()
