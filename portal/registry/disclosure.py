"""All that the registry keeps of one student, for the student's own eyes (GDPR art. 15)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, selectinload

from portal.registry import pesel
from portal.registry.models import Photo, PlasticCard, Programme, Student
from portal.registry.records import RegistryUnavailable


def kept(session: Session, student_id: int) -> dict[str, Any]:
    """By the names of docs/my-data.md; PESEL numbers masked, the photo told of but not included.

    Raises `RegistryUnavailable` where it can't be read, `LookupError` for an unknown key.
    """
    try:
        student = session.scalar(
            select(Student)
            .where(Student.id == student_id)
            .options(selectinload(Student.programmes), selectinload(Student.cards))
            .execution_options(populate_existing=True)
        )
        photo = session.execute(
            select(Photo.width, Photo.height, func.length(Photo.jpeg).label("bytes"), Photo.updated_at).where(
                Photo.student_id == student_id
            )
        ).one_or_none()
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error
    if student is None:
        raise LookupError(student_id)
    return {
        **_student(student),
        "programmes": [_programme(programme) for programme in student.programmes],
        "plastic_cards": [_card(card) for card in student.cards],
        "photo": None if photo is None else dict(photo._mapping),
    }


def _student(student: Student) -> dict[str, Any]:
    return {
        "usos_id": student.usos_id,
        "album_number": student.album_number,
        "given_names": student.given_names,
        "surname": student.surname,
        "birth_date": student.birth_date,
        "pesel": _masked(student.pesel),
        "email": student.email,
        "status": student.status,
        "left_at": student.left_at,
        "updated_at": student.updated_at,
    }


def _programme(programme: Programme) -> dict[str, Any]:
    return {
        "code": programme.code,
        "name": programme.name,
        "faculty": programme.faculty,
        "level": programme.level,
        "active": programme.active,
        "graduated_on": programme.graduated_on,
    }


def _card(card: PlasticCard) -> dict[str, Any]:
    return {
        "card_number": card.card_number,
        "issued_on": card.issued_on,
        "valid_until": card.valid_until,
        "given_names": card.given_names,
        "surname": card.surname,
        "pesel": _masked(card.pesel),
    }


def _masked(number: str | None) -> str | None:
    return None if number is None else pesel.masked(number)
