"""Until when a card will be good. Days are Europe/Warsaw and the last one is included."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from portal.clock import WARSAW
from portal.orders.eligibility import CARD_LEVELS
from portal.registry.models import StudyLevel
from portal.registry.records import StudentRecord
from portal.settings import Policy

REMIND_BEFORE = timedelta(days=30)
REMIND_TIME = time(9)


class NoValidity(Exception):
    """The record gives no last day: no ELS under the classic policy, or the right to a card has ended."""


def planned(record: StudentRecord, policy: Policy, today: date) -> date:
    """The ELS's last day (`classic`) or the semester's (`2025`), never past the end of the right to the card.

    Raises `NoValidity` where there is no such day from today on.
    """
    if policy == "classic":
        if record.els is None:
            raise NoValidity
        last_day = record.els.valid_until
    else:
        last_day = semester_end(today)
    right_end = right_ends(record)
    if right_end is not None:
        last_day = min(last_day, right_end)
    if last_day < today:
        raise NoValidity
    return last_day


def later(record: StudentRecord, policy: Policy, today: date, last_day: date) -> date | None:
    """The last day that an extension would give today to a card good to `last_day`; None: no later one."""
    try:
        possible = planned(record, policy, today)
    except NoValidity:
        return None
    return possible if possible > last_day else None


def semester_end(today: date) -> date:
    """31 March for the winter semester (October to February), 31 October for the summer semester."""
    if today.month >= 10:
        return date(today.year + 1, 3, 31)
    if today.month <= 2:
        return date(today.year, 3, 31)
    return date(today.year, 10, 31)


def ends_at(last_day: date) -> datetime:
    """The instant at which a card with this last day stops being good: the next midnight in Warsaw."""
    return datetime.combine(last_day + timedelta(days=1), time(), WARSAW)


def reminder_at(last_day: date) -> datetime:
    """When the owner should be reminded of the card's end: 30 days before it, at nine in Warsaw.

    Under policy `2025` that is the first day on which the next semester's end can be had.
    """
    return datetime.combine(last_day - REMIND_BEFORE, REMIND_TIME, WARSAW)


def codes_end(now: datetime, lifetime: timedelta, last_day: date) -> datetime:
    """Until when codes given now are good: for their lifetime, but never past the card's last day."""
    return min(now + lifetime, ends_at(last_day))


def right_ends(record: StudentRecord) -> date | None:
    """Graduates of the first cycle keep the card to 31 October of that year, if they study nothing else."""
    if any(programme.active and programme.level in CARD_LEVELS for programme in record.programmes):
        return None
    graduations = [
        programme.graduated_on
        for programme in record.programmes
        if programme.level == StudyLevel.FIRST_CYCLE and programme.graduated_on
    ]
    return date(max(graduations).year, 10, 31) if graduations else None
