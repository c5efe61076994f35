"""What the registry leaves of a live order or card: the rules by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.orders import validity
from portal.orders.eligibility import CARD_LEVELS, check
from portal.orders.rights import PREPARED, Verdict, extension_due, verdict
from portal.orders.states import LIVE, Reason, Status
from portal.registry.models import StudentStatus, StudyLevel
from portal.registry.records import ElsRecord, PersonalData, ProgrammeRecord, StudentRecord
from portal.settings import Policy
from tests.support.people import make_pesel

TODAY = date(2027, 7, 2)
ANNA = PersonalData("Anna", "Źródlana", make_pesel())
STUDIES = ProgrammeRecord("Informatyka", "Wydział Informatyki", StudyLevel.FIRST_CYCLE, True, None)
GRADUATED = replace(STUDIES, active=False, graduated_on=date(2027, 6, 30))
ELS = ElsRecord("ELS1", date(2026, 10, 1), date(2028, 3, 31), ANNA)
STUDENT = StudentRecord(
    id=1,
    public_id="1" * 32,
    album_number="100001",
    personal=ANNA,
    birth_date=date(2004, 5, 17),
    status=StudentStatus.ACTIVE,
    programmes=(STUDIES,),
    els=ELS,
    has_photo=True,
)
OCTOBER = date(2027, 10, 31)

days = st.dates(date(2026, 1, 1), date(2029, 12, 31))
policies: st.SearchStrategy[Policy] = st.sampled_from(["classic", "2025"])
live = st.sampled_from(sorted(LIVE))
people = st.sampled_from([ANNA, PersonalData("Ewa", "Źródlana", ANNA.pesel)])
programmes = st.builds(
    ProgrammeRecord,
    st.just("Informatyka"),
    st.just("Wydział"),
    st.sampled_from(StudyLevel),
    st.booleans(),
    st.none() | days,
)
records = st.builds(
    replace,
    st.just(STUDENT),
    personal=people,
    status=st.sampled_from(StudentStatus),
    programmes=st.lists(programmes, max_size=3).map(tuple),
    els=st.none() | st.builds(ElsRecord, st.just("ELS1"), st.just(date(2025, 10, 1)), days, people),
    has_photo=st.booleans(),
)
fitting = st.builds(
    replace,
    st.just(STUDENT),
    programmes=st.lists(programmes, max_size=2).map(lambda others: (*others, STUDIES)),
    els=st.builds(replace, st.just(ELS), valid_until=st.dates(date(2029, 1, 1), date(2031, 12, 31))),
)
"""Records of people who will mostly be allowed what students are."""


def gone(**changes: object) -> StudentRecord:
    return replace(STUDENT, status=StudentStatus.NONE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["classic", "2025"])
@pytest.mark.parametrize("status", sorted(LIVE))
def test_somebody_of_whom_nothing_changed_keeps_all(policy: Policy, status: Status) -> None:
    left = verdict(STUDENT, status, policy, TODAY)
    assert left == Verdict(last_day=ELS.valid_until if policy == "classic" else None)


@pytest.mark.parametrize(
    ("record", "status", "left"),
    [
        (gone(), Status.COLLECTED, Verdict(Reason.STATUS_LOST)),
        (gone(programmes=(GRADUATED,)), Status.COLLECTED, Verdict(last_day=OCTOBER)),
        (gone(programmes=(GRADUATED,)), Status.READY, Verdict(last_day=OCTOBER)),
        (gone(programmes=(GRADUATED,)), Status.IN_PROGRESS, Verdict(Reason.STATUS_LOST)),
        (gone(programmes=(GRADUATED,)), Status.WAITING, Verdict(Reason.STATUS_LOST)),
        (replace(STUDENT, programmes=(GRADUATED,)), Status.COLLECTED, Verdict(last_day=OCTOBER)),
        (
            replace(STUDENT, programmes=(GRADUATED, replace(STUDIES, level=StudyLevel.SECOND_CYCLE))),
            Status.COLLECTED,
            Verdict(last_day=ELS.valid_until),
        ),
        (
            replace(STUDENT, programmes=(replace(STUDIES, level=StudyLevel.POSTGRADUATE),)),
            Status.COLLECTED,
            Verdict(Reason.STATUS_LOST),
        ),
        (
            replace(STUDENT, programmes=(GRADUATED, replace(STUDIES, level=StudyLevel.DOCTORAL))),
            Status.COLLECTED,
            Verdict(last_day=OCTOBER),
        ),
        (
            gone(programmes=(replace(GRADUATED, graduated_on=date(2027, 7, 3)),)),
            Status.COLLECTED,
            Verdict(Reason.STATUS_LOST),
        ),
        (replace(STUDENT, els=None), Status.COLLECTED, Verdict(Reason.ELS_ENDED)),
        (
            replace(STUDENT, els=replace(ELS, valid_until=TODAY)),
            Status.COLLECTED,
            Verdict(last_day=TODAY),
        ),
        (
            replace(STUDENT, els=replace(ELS, valid_until=TODAY - timedelta(days=1))),
            Status.COLLECTED,
            Verdict(Reason.ELS_ENDED),
        ),
        (
            replace(STUDENT, personal=replace(ANNA, surname="Polna")),
            Status.WAITING,
            Verdict(Reason.DATA_CHANGED),
        ),
    ],
)
def test_under_classic(record: StudentRecord, status: Status, left: Verdict) -> None:
    assert verdict(record, status, "classic", TODAY) == left


def test_the_right_of_a_graduate_includes_its_last_day() -> None:
    record = gone(programmes=(GRADUATED,))
    assert verdict(record, Status.COLLECTED, "2025", OCTOBER) == Verdict(last_day=OCTOBER)
    day_after = OCTOBER + timedelta(days=1)
    assert verdict(record, Status.COLLECTED, "2025", day_after) == Verdict(Reason.STATUS_LOST)


def test_loss_of_the_right_is_told_before_a_change_of_data() -> None:
    left = verdict(gone(), Status.COLLECTED, "classic", TODAY, personal_changed=True)
    assert left == Verdict(Reason.STATUS_LOST)


@given(records, live, policies, days)
def test_changed_data_end_every_card(
    record: StudentRecord, status: Status, policy: Policy, today: date
) -> None:
    assert verdict(record, status, policy, today, personal_changed=True).ends


@given(records, live, policies, days)
def test_whoever_is_no_active_student_keeps_at_most_a_graduates_card(
    record: StudentRecord, status: Status, policy: Policy, today: date
) -> None:
    assume(record.status != StudentStatus.ACTIVE)
    left = verdict(record, status, policy, today)
    if not left.ends:
        assert status in PREPARED
        assert left.last_day is not None
        assert today <= left.last_day <= date(today.year, 10, 31)


@given(fitting | records, live, policies, days)
def test_whoever_could_order_today_loses_nothing(
    record: StudentRecord, status: Status, policy: Policy, today: date
) -> None:
    """Else a card would end, and the student could order the same again at once."""
    assume(check(record, policy, today).may_order)
    try:
        possible = validity.planned(record, policy, today)
    except validity.NoValidity:
        return
    left = verdict(record, status, policy, today)
    assert left.ends is None
    assert left.last_day is None or possible <= left.last_day


@given(fitting | records, live, policies, days)
def test_what_stays_stays_within_the_record(
    record: StudentRecord, status: Status, policy: Policy, today: date
) -> None:
    left = verdict(record, status, policy, today)
    assume(left.ends is None)
    assert left.last_day is None or left.last_day >= today
    if policy == "classic":
        assert record.els is not None
        assert record.els.snapshot == record.personal
        assert left.last_day is not None
        assert left.last_day <= record.els.valid_until
    if left.last_day is None:
        assert record.status == StudentStatus.ACTIVE
        assert not record.programmes or any(
            programme.level in CARD_LEVELS or not programme.active for programme in record.programmes
        )


@given(records, policies, days, days)
def test_an_extension_is_due_only_to_whoever_could_order_and_to_a_later_day(
    record: StudentRecord, policy: Policy, today: date, last_day: date
) -> None:
    later = extension_due(record, last_day, policy, today)
    if later is not None:
        assert later > last_day
        assert check(record, policy, today).may_order
        assert later == validity.planned(record, policy, today)


def test_an_extended_plastic_card_makes_an_extension_due() -> None:
    assert extension_due(STUDENT, date(2027, 10, 31), "classic", TODAY) == ELS.valid_until
    assert extension_due(STUDENT, ELS.valid_until, "classic", TODAY) is None
    assert extension_due(replace(STUDENT, has_photo=False), OCTOBER, "classic", TODAY) is None
