"""Who may order: the seven criteria, all of them always (rule of the university's instruction)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.registry import pesel
from portal.registry.models import StudentStatus, StudyLevel
from portal.registry.records import StudentRecord
from portal.settings import Policy


class Criterion(StrEnum):
    """In the order in which the instruction names them."""

    ACTIVE_STATUS = "active_status"
    PESEL = "pesel"
    ALBUM_NUMBER = "album_number"
    PHOTO = "photo"
    ELS_ISSUED = "els_issued"
    ELS_EXTENDED = "els_extended"
    DATA_UNCHANGED = "data_unchanged"


class Verdict(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    NOT_REQUIRED = "not_required"


ELS_CRITERIA = frozenset({Criterion.ELS_ISSUED, Criterion.ELS_EXTENDED, Criterion.DATA_UNCHANGED})
CARD_LEVELS = frozenset({StudyLevel.FIRST_CYCLE, StudyLevel.SECOND_CYCLE, StudyLevel.LONG_CYCLE})


@dataclass(frozen=True)
class Check:
    criterion: Criterion
    verdict: Verdict


@dataclass(frozen=True)
class Eligibility:
    """The whole checklist. `other_card`: only doctoral or postgraduate studies, whose card is another one."""

    checks: tuple[Check, ...]
    other_card: bool

    @property
    def may_order(self) -> bool:
        return not self.other_card and all(
            check.verdict in (Verdict.MET, Verdict.NOT_REQUIRED) for check in self.checks
        )

    @property
    def unknown(self) -> bool:
        return any(check.verdict == Verdict.UNKNOWN for check in self.checks)


def _active(record: StudentRecord, _today: date) -> bool:
    return record.status == StudentStatus.ACTIVE


def _pesel(record: StudentRecord, _today: date) -> bool:
    return record.personal.pesel is not None and pesel.is_valid(record.personal.pesel)


def _els_extended(record: StudentRecord, today: date) -> bool:
    return record.els is not None and record.els.valid_until >= today


def _data_unchanged(record: StudentRecord, _today: date) -> bool:
    return record.els is not None and record.els.snapshot == record.personal


RULES: dict[Criterion, Callable[[StudentRecord, date], bool]] = {
    Criterion.ACTIVE_STATUS: _active,
    Criterion.PESEL: _pesel,
    Criterion.ALBUM_NUMBER: lambda record, _today: bool(record.album_number),
    Criterion.PHOTO: lambda record, _today: record.has_photo,
    Criterion.ELS_ISSUED: lambda record, _today: record.els is not None,
    Criterion.ELS_EXTENDED: _els_extended,
    Criterion.DATA_UNCHANGED: _data_unchanged,
}


def check(record: StudentRecord | None, policy: Policy, today: date) -> Eligibility:
    """Evaluate all seven for a day (Europe/Warsaw). No record: the source could not be read, all unknown.

    Under policy `2025` (art. 74(4b) of the higher-education act) the ELS criteria are not required.
    """
    checks = []
    for criterion in Criterion:
        if policy == "2025" and criterion in ELS_CRITERIA:
            verdict = Verdict.NOT_REQUIRED
        elif record is None:
            verdict = Verdict.UNKNOWN
        else:
            verdict = Verdict.MET if RULES[criterion](record, today) else Verdict.NOT_MET
        checks.append(Check(criterion, verdict))
    return Eligibility(tuple(checks), other_card=record is not None and _only_other_studies(record))


def _only_other_studies(record: StudentRecord) -> bool:
    levels = {programme.level for programme in record.programmes if programme.active}
    return bool(levels) and not levels & CARD_LEVELS
