"""Until when a card is good, for both policies: properties that hold for every student on every day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.clock import WARSAW
from portal.orders import validity
from portal.orders.validity import NoValidity
from portal.registry.models import StudentStatus, StudyLevel
from portal.registry.records import ElsRecord, PersonalData, ProgrammeRecord, StudentRecord
from portal.settings import Policy

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
DAY = timedelta(days=1)

days = st.dates(date(2020, 1, 1), date(2099, 12, 31))
years = st.integers(2020, 2098)
policies: st.SearchStrategy[Policy] = st.sampled_from(["classic", "2025"])
instants = st.builds(datetime.combine, days, st.times(), st.just(UTC))
over = st.builds(
    ProgrammeRecord,
    st.just("Informatyka"),
    st.just("WI"),
    st.sampled_from(StudyLevel),
    active=st.just(False),
    graduated_on=st.none() | days,
)
records = st.builds(
    lambda els, programmes: replace(RECORD, els=els, programmes=tuple(programmes)),
    st.none() | st.builds(ElsRecord, st.just("ELS1"), st.just(date(2019, 10, 1)), days, st.just(PERSON)),
    st.lists(over | st.just(STUDYING), max_size=3),
)


def planned(record: StudentRecord, policy: Policy, today: date) -> date | None:
    try:
        return validity.planned(record, policy, today)
    except NoValidity:
        return None


def graduate(on: date, level: StudyLevel = StudyLevel.FIRST_CYCLE) -> StudentRecord:
    return replace(RECORD, programmes=(replace(STUDYING, level=level, active=False, graduated_on=on),))


def with_els(until: date) -> StudentRecord:
    assert RECORD.els is not None
    return replace(RECORD, els=replace(RECORD.els, valid_until=until))


# The last day


@given(records, policies, days)
def test_no_card_ends_before_the_day_it_is_ordered(
    record: StudentRecord, policy: Policy, today: date
) -> None:
    last_day = planned(record, policy, today)
    assert last_day is None or last_day >= today


@given(records, days)
def test_a_classic_card_never_outlives_the_els(record: StudentRecord, today: date) -> None:
    last_day = planned(record, "classic", today)
    assert last_day is None or (record.els is not None and last_day <= record.els.valid_until)


@given(days, days)
def test_a_students_classic_card_is_good_as_long_as_the_els(until: date, today: date) -> None:
    assert planned(with_els(until), "classic", today) == (until if until >= today else None)


@given(days)
def test_without_an_els_there_is_no_classic_card_but_one_of_2025(today: date) -> None:
    record = replace(RECORD, els=None)
    assert planned(record, "classic", today) is None
    assert planned(record, "2025", today) is not None


@given(records, policies, days, st.integers(1, 400))
def test_waiting_never_brings_the_last_day_forward(
    record: StudentRecord, policy: Policy, today: date, wait: int
) -> None:
    now, then = planned(record, policy, today), planned(record, policy, today + timedelta(days=wait))
    assert now is None or then is None or then >= now


# Semesters


@pytest.mark.parametrize(
    ("today", "end"),
    [
        (date(2026, 9, 30), date(2026, 10, 31)),
        (date(2026, 10, 1), date(2027, 3, 31)),
        (date(2027, 2, 28), date(2027, 3, 31)),
        (date(2028, 2, 29), date(2028, 3, 31)),
        (date(2027, 3, 1), date(2027, 10, 31)),
        (date(2027, 3, 31), date(2027, 10, 31)),
    ],
)
def test_the_2025_card_is_good_to_its_semesters_end(today: date, end: date) -> None:
    assert planned(replace(RECORD, els=None), "2025", today) == end


@given(days)
def test_a_semester_ends_ahead_within_eight_months(today: date) -> None:
    end = validity.semester_end(today)
    assert (end.month, end.day) in ((3, 31), (10, 31))
    assert 30 <= (end - today).days <= 245


@given(days)
def test_the_semesters_end_moves_on_two_days_a_year_only(today: date) -> None:
    moves = validity.semester_end(today) != validity.semester_end(today - DAY)
    assert moves == ((today.month, today.day) in ((3, 1), (10, 1)))


@given(days, st.data())
def test_a_card_of_2025_can_be_extended_from_the_day_of_its_reminder_to_its_last(
    ordered: date, data: st.DataObject
) -> None:
    """A card good to 31 March: from 1 March on the next semester's end can be had, and no day before."""
    last_day = validity.semester_end(ordered)
    today = data.draw(st.dates(ordered, last_day))
    reminded = validity.reminder_at(last_day).astimezone(WARSAW).date()
    longer = validity.later(RECORD, "2025", today, last_day)
    assert (longer is not None) == (today >= reminded)
    assert longer is None or 151 <= (longer - last_day).days <= 214


# Graduates


@given(days, policies, days)
def test_a_first_cycle_graduate_never_gets_past_31_october_of_that_year(
    today: date, policy: Policy, graduated: date
) -> None:
    last_day = planned(graduate(graduated), policy, today)
    assert last_day is None or today <= last_day <= date(graduated.year, 10, 31)


@given(years, policies)
def test_who_graduates_in_the_last_two_months_of_a_year_gets_no_card_any_more(
    year: int, policy: Policy
) -> None:
    assert planned(graduate(date(year, 11, 15)), policy, date(year, 11, 15)) is None


@given(policies, days, days)
def test_who_studies_on_is_bounded_by_no_graduation(policy: Policy, today: date, graduated: date) -> None:
    both = replace(RECORD, programmes=(*graduate(graduated).programmes, STUDYING))
    assert planned(both, policy, today) == planned(RECORD, policy, today)


@given(policies, days, days, days)
def test_of_two_graduations_the_later_year_counts(
    policy: Policy, today: date, one: date, other: date
) -> None:
    both = replace(RECORD, programmes=(*graduate(one).programmes, *graduate(other).programmes))
    later = max(one, other)
    assert planned(both, policy, today) == planned(graduate(later), policy, today)


@given(years)
def test_the_graduates_card_ends_on_31_october_and_is_not_extended_past_it(year: int) -> None:
    record, end = replace(graduate(date(year, 7, 1)), els=None), date(year, 10, 31)
    assert planned(record, "2025", date(year, 7, 1)) == end
    assert validity.later(record, "2025", end, end) is None


# Extension


@given(records, policies, days, days)
def test_an_extension_only_ever_gives_a_later_day_that_a_new_card_would_have(
    record: StudentRecord, policy: Policy, today: date, last_day: date
) -> None:
    longer = validity.later(record, policy, today, last_day)
    if longer is None:
        possible = planned(record, policy, today)
        assert possible is None or possible <= last_day
    else:
        assert longer == planned(record, policy, today)
        assert longer > last_day


@given(records, policies, days)
def test_what_was_just_extended_cannot_be_extended_again(
    record: StudentRecord, policy: Policy, today: date
) -> None:
    last_day = planned(record, policy, today)
    assume(last_day is not None)
    assert last_day is not None
    assert validity.later(record, policy, today, last_day) is None


# Days and instants


def test_the_last_day_is_included_also_across_the_clock_change() -> None:
    # Summer time ends on 25 October 2026: 31 October ends at midnight of UTC+1.
    assert validity.ends_at(date(2026, 10, 31)) == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert validity.ends_at(date(2026, 7, 31)) == datetime(2026, 7, 31, 22, tzinfo=UTC)
    # It begins on 28 March 2027: three days before the winter semester's last one.
    assert validity.ends_at(date(2027, 3, 27)) == datetime(2027, 3, 27, 23, tzinfo=UTC)
    assert validity.ends_at(date(2027, 3, 31)) == datetime(2027, 3, 31, 22, tzinfo=UTC)


@given(days)
def test_a_card_is_good_to_the_last_moment_of_its_last_day_and_no_longer(last_day: date) -> None:
    end = validity.ends_at(last_day)
    assert (end - timedelta(microseconds=1)).astimezone(UTC).astimezone(WARSAW).date() == last_day
    assert end.astimezone(UTC).astimezone(WARSAW).date() == last_day + DAY


@given(instants, days)
def test_a_card_has_ended_exactly_when_its_last_day_is_over(now: datetime, last_day: date) -> None:
    today = now.astimezone(WARSAW).date()
    assert (now >= validity.ends_at(last_day)) == (today > last_day)


@given(years)
def test_of_all_last_days_of_a_year_one_is_an_hour_short_and_one_an_hour_long(year: int) -> None:
    first = date(year, 1, 1)
    ends = [validity.ends_at(first + timedelta(days=number)).astimezone(UTC) for number in range(-1, 365)]
    lengths = [later - earlier for earlier, later in pairwise(ends)]
    unusual = sorted(length for length in lengths if length != DAY)
    assert unusual == [timedelta(hours=23), timedelta(hours=25)]


@given(days)
def test_the_reminder_comes_thirty_days_before_the_end_at_nine_in_the_morning(last_day: date) -> None:
    at = validity.reminder_at(last_day).astimezone(UTC).astimezone(WARSAW)
    assert (last_day - at.date()).days == 30
    assert (at.hour, at.minute) == (9, 0)


@given(instants, st.timedeltas(timedelta(minutes=1), timedelta(days=90)), days)
def test_codes_are_good_for_their_lifetime_but_never_past_the_card(
    now: datetime, lifetime: timedelta, last_day: date
) -> None:
    end, card_end = validity.codes_end(now, lifetime, last_day), validity.ends_at(last_day)
    assert end <= now + lifetime
    assert end <= card_end
    assert end in (now + lifetime, card_end)
