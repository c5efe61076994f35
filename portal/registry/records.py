"""What other parts may ask the registry: plain records, no tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, selectinload

from portal.registry.models import Photo, PlasticCard, Programme, Student, StudentStatus, StudyLevel


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
    try:
        student = session.scalar(
            select(Student)
            .where(Student.id == student_id)
            .options(selectinload(Student.programmes), selectinload(Student.cards))
        )
        has_photo = session.scalar(select(Photo.id).where(Photo.student_id == student_id)) is not None
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error
    if student is None:
        raise LookupError(student_id)
    return StudentRecord(
        id=student.id,
        public_id=student.public_id,
        album_number=student.album_number,
        personal=PersonalData(student.given_names, student.surname, student.pesel),
        birth_date=student.birth_date,
        status=StudentStatus(student.status),
        programmes=tuple(_programme(programme) for programme in student.programmes),
        els=_els(student.cards[-1]) if student.cards else None,
        has_photo=has_photo,
    )


def photo_jpeg(session: Session, student_id: int) -> bytes | None:
    """The portrait as JPEG, or None where there is none."""
    return session.scalar(select(Photo.jpeg).where(Photo.student_id == student_id))


def _programme(programme: Programme) -> ProgrammeRecord:
    return ProgrammeRecord(
        programme.name,
        programme.faculty,
        StudyLevel(programme.level),
        programme.active,
        programme.graduated_on,
    )


def _els(card: PlasticCard) -> ElsRecord:
    snapshot = PersonalData(card.given_names, card.surname, card.pesel)
    return ElsRecord(card.card_number, card.issued_on, card.valid_until, snapshot)
