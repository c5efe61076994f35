"""People for tests, written straight through the registry's models.

`make_student(app)` gives somebody who meets all seven criteria on the day the tests start.
"""

from __future__ import annotations

import hashlib
import io
import uuid
import zlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from flask import Flask
from PIL import Image, ImageDraw

from portal import clock
from portal.database import write
from portal.registry.models import Photo, PlasticCard, Programme, Student, StudentStatus, StudyLevel

BORN = date(2004, 5, 17)
UNCHANGED = "as today"


def make_pesel(born: date = BORN, serial: int = 1) -> str:
    """A valid PESEL of somebody born on that day; `serial` (0 to 9999) tells people apart."""
    century = {18: 80, 19: 0, 20: 20, 21: 40}[born.year // 100]
    digits = f"{born.year % 100:02}{born.month + century:02}{born.day:02}{serial:04}"
    weighted = sum(
        int(digit) * weight for digit, weight in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True)
    )
    return f"{digits}{-weighted % 10}"


@cache
def make_jpeg(width: int = 300, height: int = 375, colour: str = "#557799") -> bytes:
    """A small real JPEG: a disc on a plain ground."""
    image = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill="#eeccaa")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


@dataclass(kw_only=True)
class Person:
    """Somebody who meets all seven criteria, unless told otherwise.

    `programme`, `els` and `photo` say whether there is one; `els_…` names are the snapshot on the card.
    """

    album: str | None
    given_names: str = "Anna Maria"
    surname: str = "Źródlana"
    status: StudentStatus | str = StudentStatus.ACTIVE
    birth_date: date | None = BORN
    pesel: str | None = "made from the album"
    level: StudyLevel | str = StudyLevel.FIRST_CYCLE
    programme: bool = True
    programme_active: bool = True
    graduated_on: date | None = None
    els: bool = True
    els_number: str | None = None
    els_issued_on: date = date(2025, 10, 1)
    els_valid_until: date = date(2027, 3, 31)
    els_given_names: str = UNCHANGED
    els_surname: str = UNCHANGED
    els_pesel: str | None = UNCHANGED
    photo: bool = True

    def __post_init__(self) -> None:
        self.key = self.album or uuid.uuid4().hex[:8]
        if self.pesel == "made from the album":
            serial = zlib.crc32(self.key.encode()) % 9999
            self.pesel = make_pesel(self.birth_date or BORN, serial=serial)


def make_student(app: Flask, album: str | None = "100001", **person: Any) -> int:
    """Put a `Person` into the registry; returns the student's key."""
    who = Person(album=album, **person)
    with app.app_context():
        student = Student(
            public_id=uuid.uuid4().hex,
            album_number=who.album,
            usos_id=f"usos-{who.key}",
            given_names=who.given_names,
            surname=who.surname,
            birth_date=who.birth_date,
            pesel=who.pesel,
            status=str(who.status),
            updated_at=clock.now(),
            programmes=[_programme(who)] if who.programme else [],
            cards=[_card(who)] if who.els else [],
            photo=_photo(make_jpeg()) if who.photo else None,
        )
        with write() as session:
            session.add(student)
            session.flush()
            return student.id


def _card(who: Person) -> PlasticCard:
    return PlasticCard(
        card_number=who.els_number or f"ELS{who.key}",
        issued_on=who.els_issued_on,
        valid_until=who.els_valid_until,
        given_names=who.given_names if who.els_given_names == UNCHANGED else who.els_given_names,
        surname=who.surname if who.els_surname == UNCHANGED else who.els_surname,
        pesel=who.pesel if who.els_pesel == UNCHANGED else who.els_pesel,
    )


def _programme(who: Person) -> Programme:
    return Programme(
        code="INF-1",
        name="Informatyka",
        faculty="Wydział Informatyki",
        level=str(who.level),
        active=who.programme_active,
        graduated_on=who.graduated_on,
    )


def _photo(jpeg: bytes) -> Photo:
    return Photo(
        source_sha256=hashlib.sha256(jpeg).hexdigest(),
        width=300,
        height=375,
        updated_at=clock.now(),
        jpeg=jpeg,
    )
