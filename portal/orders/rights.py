"""What becomes of a live order or card when the registry says something else of the student: pure rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from portal.orders import eligibility, validity
from portal.orders.eligibility import CARD_LEVELS
from portal.orders.states import Reason, Status
from portal.registry.models import StudentStatus
from portal.registry.records import StudentRecord
from portal.settings import Policy

PREPARED = frozenset({Status.READY, Status.COLLECTED})


@dataclass(frozen=True)
class Verdict:
    """What the registry leaves of a live order or card."""

    ends: Reason | None = None
    """Why it has to end now; None: it stays."""
    last_day: date | None = None
    """If it stays: the latest day it may be good to; None: the registry names none."""


def verdict(
    record: StudentRecord, status: Status, policy: Policy, today: date, *, personal_changed: bool = False
) -> Verdict:
    """Judge a live order of this status by the record of today (Europe/Warsaw).

    Loss of the right comes first, since it says most. `personal_changed`: names, birth date, PESEL or album
    number are others than before this change, so that the card shows old ones, under either policy.
    """
    right = _right(record, status, today)
    if right.ends:
        return right
    if personal_changed or (policy == "classic" and _differs_from_els(record)):
        return Verdict(ends=Reason.DATA_CHANGED)
    return right if policy == "2025" else _as_the_els(record, today, right)


def extension_due(record: StudentRecord, last_day: date, policy: Policy, today: date) -> date | None:
    """The last day that an extension would give a card good to `last_day`; None: there is none to have."""
    if not eligibility.check(record, policy, today).may_order:
        return None
    return validity.later(record, policy, today, last_day)


def _right(record: StudentRecord, status: Status, today: date) -> Verdict:
    """The right to a card (domain: validity): a student's while there is one, a graduate's to 31 October.

    A graduate keeps the card that was prepared. An order that was not is ended: the criteria ask for active
    status, so nothing would come of it.
    """
    graduate_until = validity.right_ends(_as_of(record, today))
    if graduate_until is not None and graduate_until < today:
        return Verdict(ends=Reason.STATUS_LOST)
    if not _studies(record) and (graduate_until is None or status not in PREPARED):
        return Verdict(ends=Reason.STATUS_LOST)
    return Verdict(last_day=graduate_until)


def _as_of(record: StudentRecord, today: date) -> StudentRecord:
    """Nobody has graduated yet on a day to come: a planned day, or a mistyped one, gives no right."""
    return replace(
        record,
        programmes=tuple(
            replace(programme, graduated_on=None)
            if programme.graduated_on is not None and programme.graduated_on > today
            else programme
            for programme in record.programmes
        ),
    )


def _studies(record: StudentRecord) -> bool:
    """Active, and not only in doctoral or postgraduate studies, whose card is another one."""
    levels = {programme.level for programme in record.programmes if programme.active}
    return record.status == StudentStatus.ACTIVE and (not levels or bool(levels & CARD_LEVELS))


def _differs_from_els(record: StudentRecord) -> bool:
    return record.els is not None and record.els.snapshot != record.personal


def _as_the_els(record: StudentRecord, today: date, right: Verdict) -> Verdict:
    """Under `classic` the plastic card is what the mLegitymacja stands on: it is good as long as that one.

    Where the registry has no plastic card any more, or one that is over, the criteria that let the student
    order no longer hold and nothing says until when the card is good. Left alone, it would be a card that the
    university has taken back and that still looks valid. An earlier day of the plastic card counts as it is.
    """
    if record.els is None or record.els.valid_until < today:
        return Verdict(ends=Reason.ELS_ENDED)
    days = [record.els.valid_until, right.last_day]
    return Verdict(last_day=min(day for day in days if day is not None))
