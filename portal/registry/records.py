"""What other parts may ask the registry: plain records, no tables."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.encryption import DecryptionError
from portal.registry.models import Photo, PlasticCard, Programme, Student, StudentStatus, StudyLevel

_log = logging.getLogger(__name__)
_BATCH = 500
"""Keys asked for by one query: databases limit the parameters of a statement."""
_STUDENT = (
    Student.id,
    Student.public_id,
    Student.album_number,
    Student.given_names,
    Student.surname,
    Student.pesel,
    Student.birth_date,
    Student.status,
)
_PROGRAMME = tuple(Programme.__table__.columns)
_CARD = tuple(PlasticCard.__table__.columns)


class RegistryUnavailable(Exception):
    """The registry could not be read; what it would say is unknown."""


@dataclass(frozen=True)
class PersonalData:
    """What a new ELS is needed for when it changes."""

    given_names: str
    surname: str
    pesel: str | None


@dataclass(frozen=True)
class ElsRecord:
    """The plastic card with the latest issue date; days are Europe/Warsaw, the last one included."""

    card_number: str
    issued_on: date
    valid_until: date
    snapshot: PersonalData


@dataclass(frozen=True)
class ProgrammeRecord:
    name: str
    faculty: str
    level: StudyLevel
    active: bool
    graduated_on: date | None


@dataclass(frozen=True)
class StudentRecord:
    """All that the registry says of one student, but the photo's bytes."""

    id: int
    public_id: str
    album_number: str | None
    personal: PersonalData
    birth_date: date | None
    status: StudentStatus
    programmes: tuple[ProgrammeRecord, ...]
    els: ElsRecord | None
    has_photo: bool

    @property
    def full_name(self) -> str:
        return f"{self.personal.given_names} {self.personal.surname}"


def student_record(session: Session, student_id: int) -> StudentRecord:
    """The record; raises `RegistryUnavailable` where it can't be read, `LookupError` for an unknown key."""
    found = student_records(session, [student_id])
    if student_id not in found:
        raise LookupError(student_id)
    return found[student_id]


def student_records(session: Session, student_ids: Collection[int]) -> dict[int, StudentRecord]:
    """The records of these students, four queries for some hundreds of them; unknown keys are left out.

    Raises `RegistryUnavailable` where they can't be read.
    """
    keys = sorted(set(student_ids))
    found: dict[int, StudentRecord] = {}
    try:
        for start in range(0, len(keys), _BATCH):
            found |= _records(session, keys[start : start + _BATCH])
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error
    return found


def legible_records(session: Session, student_ids: Collection[int]) -> dict[int, StudentRecord]:
    """The same, for an engine: whose record no key opens is left out, and holds up nobody else."""
    try:
        return student_records(session, student_ids)
    except DecryptionError:
        keys = sorted(set(student_ids))
        if len(keys) == 1:
            _log.exception("what belongs to students %d can't be read: see  flask doctor", *keys)
            return {}
    alone = [legible_records(session, [key]) for key in keys]
    return {key: record for found in alone for key, record in found.items()}


def student_email(session: Session, student_id: int) -> str | None:
    """Where to write to the student, or None where USOS names no address (or there is no such student).

    Raises `RegistryUnavailable` where it can't be read.
    """
    try:
        return session.scalar(select(Student.email).where(Student.id == student_id))
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error


def usos_id(session: Session, student_id: int) -> str:
    """The person's identifier in USOS.

    Raises `RegistryUnavailable` where it can't be read, `LookupError` for an unknown key.
    """
    try:
        found = session.scalar(select(Student.usos_id).where(Student.id == student_id))
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error
    if found is None:
        raise LookupError(student_id)
    return found


def els_valid_until(session: Session, student_id: int) -> date | None:
    """The last day of the plastic card with the latest issue date, by one small query.

    Raises `RegistryUnavailable` where it can't be read.
    """
    newest = (
        select(PlasticCard.valid_until)
        .where(PlasticCard.student_id == student_id)
        .order_by(PlasticCard.issued_on.desc(), PlasticCard.id.desc())
        .limit(1)
    )
    try:
        return session.scalar(newest)
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error


def hold(session: Session, student_id: int) -> None:
    """Have imports, and whoever else holds this student, wait until the caller's transaction ends.

    Whoever decides by the record and then gives the student something asks for it first, before any other
    lock: else on PostgreSQL an import could end all orders that it sees, and not the one just being placed.
    SQLite has one writer at a time anyway.
    """
    session.execute(select(Student.id).where(Student.id == student_id).with_for_update(key_share=True))


def refer_to(session: Session, student_ids: Collection[int]) -> None:
    """Get leave to write rows that name these students, before any other lock of the caller's transaction.

    Asked for with the row itself, it could come too late on PostgreSQL: an import that gives one of them
    another album number may hold the student by then, and wait for what the caller has locked.
    """
    rows = select(Student.id).where(Student.id.in_(student_ids)).order_by(Student.id)
    session.execute(rows.with_for_update(read=True, key_share=True))


def photo_jpeg(session: Session, student_id: int) -> bytes | None:
    """The portrait as JPEG, or None where there is none."""
    return session.scalar(select(Photo.jpeg).where(Photo.student_id == student_id))


def _records(session: Session, keys: Sequence[int]) -> dict[int, StudentRecord]:
    """By columns rather than objects: what else the session holds is neither read anew nor trusted."""
    students = session.execute(select(*_STUDENT).where(Student.id.in_(keys))).all()
    programmes, cards = defaultdict(list), {}
    for programme in session.execute(
        select(*_PROGRAMME).where(Programme.student_id.in_(keys)).order_by(Programme.code)
    ):
        programmes[programme.student_id].append(_programme(programme))
    # The last one of a student stays: the card with the latest date of issue.
    for card in session.execute(
        select(*_CARD).where(PlasticCard.student_id.in_(keys)).order_by(PlasticCard.issued_on, PlasticCard.id)
    ):
        cards[card.student_id] = card
    with_photo = set(session.scalars(select(Photo.student_id).where(Photo.student_id.in_(keys))))
    return {
        student.id: StudentRecord(
            id=student.id,
            public_id=student.public_id,
            album_number=student.album_number,
            personal=PersonalData(student.given_names, student.surname, student.pesel),
            birth_date=student.birth_date,
            status=StudentStatus(student.status),
            programmes=tuple(programmes[student.id]),
            els=_els(cards[student.id]) if student.id in cards else None,
            has_photo=student.id in with_photo,
        )
        for student in students
    }


def _programme(programme: Row[Any]) -> ProgrammeRecord:
    return ProgrammeRecord(
        programme.name,
        programme.faculty,
        StudyLevel(programme.level),
        programme.active,
        programme.graduated_on,
    )


def _els(card: Row[Any]) -> ElsRecord:
    snapshot = PersonalData(card.given_names, card.surname, card.pesel)
    return ElsRecord(card.card_number, card.issued_on, card.valid_until, snapshot)
