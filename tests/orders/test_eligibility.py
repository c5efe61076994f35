from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from portal.database import db
from portal.orders import eligibility
from portal.orders.eligibility import Criterion, Eligibility, Verdict
from portal.registry.models import StudentStatus, StudyLevel
from portal.registry.records import student_record
from tests.support.people import make_student

TODAY = date(2026, 11, 20)


def check(app: Flask, policy: eligibility.Policy = "classic", **person: object) -> Eligibility:
    student_id = make_student(app, **person)
    with app.app_context():
        return eligibility.check(student_record(db.session(), student_id), policy, TODAY)


def missing(checked: Eligibility) -> set[Criterion]:
    return {check.criterion for check in checked.checks if check.verdict == Verdict.NOT_MET}


def test_who_meets_all_seven_may_order(app: Flask) -> None:
    checked = check(app)
    assert checked.may_order
    assert len(checked.checks) == 7


@pytest.mark.parametrize(
    ("person", "criterion"),
    [
        ({"status": StudentStatus.INACTIVE}, Criterion.ACTIVE_STATUS),
        ({"pesel": None}, Criterion.PESEL),
        ({"pesel": "99999999999"}, Criterion.PESEL),
        ({"album": None}, Criterion.ALBUM_NUMBER),
        ({"photo": False}, Criterion.PHOTO),
        ({"els_valid_until": date(2026, 11, 19)}, Criterion.ELS_EXTENDED),
        ({"els_surname": "Dawniejsza"}, Criterion.DATA_UNCHANGED),
        ({"els_given_names": "Anna"}, Criterion.DATA_UNCHANGED),
        ({"els_pesel": "44051401359"}, Criterion.DATA_UNCHANGED),
    ],
)
def test_each_criterion_can_fail_alone(app: Flask, person: dict[str, object], criterion: Criterion) -> None:
    checked = check(app, **person)
    assert missing(checked) == {criterion}
    assert not checked.may_order


def test_all_seven_are_evaluated_even_if_the_first_fails(app: Flask) -> None:
    checked = check(app, status=StudentStatus.NONE, photo=False, els=False)
    assert missing(checked) == {
        Criterion.ACTIVE_STATUS,
        Criterion.PHOTO,
        Criterion.ELS_ISSUED,
        Criterion.ELS_EXTENDED,
        Criterion.DATA_UNCHANGED,
    }


def test_the_els_is_good_through_its_last_day(app: Flask) -> None:
    assert check(app, els_valid_until=TODAY).may_order


def test_the_policy_of_2025_needs_no_plastic_card(app: Flask) -> None:
    checked = check(app, "2025", els=False)
    assert checked.may_order
    assert [c.verdict for c in checked.checks].count(Verdict.NOT_REQUIRED) == 3


def test_an_unreadable_registry_leaves_everything_unknown_and_nobody_orders() -> None:
    checked = eligibility.check(None, "classic", TODAY)
    assert {c.verdict for c in checked.checks} == {Verdict.UNKNOWN}
    assert checked.unknown
    assert not checked.may_order


@pytest.mark.parametrize("level", [StudyLevel.DOCTORAL, StudyLevel.POSTGRADUATE])
def test_doctoral_and_postgraduate_people_have_another_card(app: Flask, level: StudyLevel) -> None:
    checked = check(app, level=level)
    assert checked.other_card
    assert not checked.may_order
    assert not missing(checked)
