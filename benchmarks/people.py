"""Made-up students who may order, with accounts."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, timedelta

from portal import clock
from portal.identity import Account, Role
from portal.orders.validity import semester_end
from portal.registry.models import Photo, PlasticCard, Programme, Student, StudentStatus, StudyLevel
from tests.support.people import make_jpeg, make_pesel

FIRST_ALBUM = 300_000
_PESELS_A_DAY = 10_000


def birth_and_pesel(number: int) -> tuple[date, str]:
    """Different for each number."""
    born = date(2000, 1, 1) + timedelta(days=number // _PESELS_A_DAY)
    return born, make_pesel(born, number % _PESELS_A_DAY)


def student(number: int, today: date) -> Student:
    """Somebody who meets all criteria today."""
    born, pesel = birth_and_pesel(number)
    name = {"given_names": "Anna Maria", "surname": "Źródlana", "pesel": pesel}
    album = str(FIRST_ALBUM + number)
    return Student(
        public_id=uuid.uuid4().hex,
        album_number=album,
        usos_id=f"usos-{album}",
        birth_date=born,
        status=StudentStatus.ACTIVE,
        updated_at=clock.now(),
        programmes=[_programme()],
        cards=[
            PlasticCard(
                card_number=f"ELS{album}",
                issued_on=today - timedelta(days=30),
                valid_until=semester_end(today),
                **name,
            )
        ],
        photo=_photo(),
        **name,
    )


def account(owner: Student) -> Account:
    """An account without a password: its sessions are written directly."""
    return Account(
        public_id=uuid.uuid4().hex,
        login=owner.album_number,
        role=Role.STUDENT,
        student_id=owner.id,
        created_at=clock.now(),
    )


def _programme() -> Programme:
    return Programme(
        code="INF-1",
        name="Informatyka",
        faculty="Wydział Informatyki",
        level=StudyLevel.FIRST_CYCLE,
        active=True,
    )


def _photo() -> Photo:
    jpeg = make_jpeg()
    return Photo(
        source_sha256=hashlib.sha256(jpeg).hexdigest(),
        width=300,
        height=375,
        updated_at=clock.now(),
        jpeg=jpeg,
    )
