from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.orders import validity
from portal.orders.validity import NoValidity
from portal.registry.models import StudentStatus, StudyLevel
from portal.registry.records import ElsRecord, PersonalData, ProgrammeRecord, StudentRecord

PERSON = PersonalData("Anna", "Źródlana", "04251712344")
STUDYING = ProgrammeRecord("Informatyka", "WI", StudyLevel.FIRST_CYCLE, active=True, graduated_on=None)
RECORD = StudentRecord(
    id=1,
    public_id="0" * 32,
    album_number="100001",
    personal=PERSON,
    birth_date=date(2004, 5, 17),
    status=StudentStatus.ACTIVE,
    programmes=(STUDYING,),
    els=ElsRecord("ELS1", date(2025, 10, 1), date(2027, 3, 31), PERSON),
    has_photo=True,
)
days = st.dates(date(2020, 1, 1), date(2099, 12, 31))


def test_classic_validity_is_the_els_own() -> None:
    assert validity.planned(RECORD, "classic", date(2026, 11, 20)) == date(2027, 3, 31)


def test_without_an_els_there_is_no_classic_validity() -> None:
    with pytest.raises(NoValidity):
        validity.planned(replace(RECORD, els=None), "classic", date(2026, 11, 20))


@pytest.mark.parametrize(
    ("today", "end"),
    [
        (date(2026, 10, 1), date(2027, 3, 31)),
        (date(2027, 2, 28), date(2027, 3, 31)),
        (date(2027, 3, 1), date(2027, 10, 31)),
        (date(2027, 9, 30), date(2027, 10, 31)),
    ],
)
def test_the_2025_validity_is_the_semesters_end(today: date, end: date) -> None:
    assert validity.planned(replace(RECORD, els=None), "2025", today) == end


@given(days)
def test_a_semester_ends_ahead_within_eight_months(today: date) -> None:
    end = validity.semester_end(today)
    assert (end.month, end.day) in ((3, 31), (10, 31))
    assert 30 <= (end - today).days <= 245


@given(days, st.sampled_from(["classic", "2025"]), days)
def test_a_first_cycle_graduate_never_gets_past_31_october_of_that_year(
    today: date, policy: validity.Policy, graduated: date
) -> None:
    graduate = replace(RECORD, programmes=(replace(STUDYING, active=False, graduated_on=graduated),))
    try:
        last_day = validity.planned(graduate, policy, today)
    except NoValidity:
        return
    assert today <= last_day <= date(graduated.year, 10, 31)


def test_the_last_day_is_included_also_across_the_clock_change() -> None:
    # Summer time ends on 25 October 2026: 31 October ends at midnight of UTC+1.
    assert validity.ends_at(date(2026, 10, 31)) == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert validity.ends_at(date(2026, 7, 31)) == datetime(2026, 7, 31, 22, tzinfo=UTC)
