"""What must be true of the records at every moment, for `flask doctor`."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, or_, select

from portal.administration import doctor
from portal.administration.doctor import MOST_NAMED, Findings, Kind
from portal.database import db
from portal.registry.models import Photo, Student, StudentStatus

_IMPORT = "import the latest data of USOS once more (flask registry import)"


def init_app(app: Flask) -> None:
    doctor.add(app, "records", check_records, Kind.ROWS)


def check_records(found: Findings) -> str:
    """Status and its end belong together, or nobody is ever forgotten; photos are JPEG."""
    active = Student.status == StudentStatus.ACTIVE
    unknown = Student.status.not_in(list(StudentStatus))
    stays = or_(active & Student.left_at.is_not(None), ~active & Student.left_at.is_(None))
    for what, which in {
        "a student's status is unknown": unknown,
        "status and time of leaving don't fit each other": ~unknown & stays,
    }.items():
        for public_id in db.session.scalars(select(Student.public_id).where(which).limit(MOST_NAMED)):
            found.add(what, _IMPORT, public_id)
    pictureless = or_(func.length(Photo.jpeg) == 0, Photo.width <= 0, Photo.height <= 0)
    for public_id in db.session.scalars(
        select(Student.public_id).join(Photo).where(pictureless).limit(MOST_NAMED)
    ):
        found.add(
            "a photo is empty", "import the photo once more (flask registry import --photos)", public_id
        )
    return f"{db.session.scalar(select(func.count()).select_from(Student))} students"
