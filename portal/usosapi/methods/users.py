"""services/users and services/photos: the student who let the app in, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.exc import SQLAlchemyError

from portal.database import db
from portal.registry import records
from portal.registry.models import StudentStatus
from portal.registry.records import RegistryUnavailable, StudentRecord
from portal.settings import settings
from portal.usosapi.errors import ApiError, not_found
from portal.usosapi.fields import Field
from portal.usosapi.methods.frame import FLAG, JPEG, NULLABLE_TEXT, TEXT, Argument, Call, Method
from portal.usosapi.scopes import Scope

STATUS = {StudentStatus.NONE: 0, StudentStatus.INACTIVE: 1, StudentStatus.ACTIVE: 2}
PHOTO = "services/photos/photo"
PHOTO_SIZES = ("50x50", "100x100", "200x200", "400x500", "original")
"""Names that apps ask for; there is one size behind all of them."""
PREVIOUS_NAME = (
    Field(name="first_name", brief="", schema=TEXT, read=lambda name: name["first_name"], usual=True),
    Field(name="last_name", brief="", schema=TEXT, read=lambda name: name["last_name"], usual=True),
    Field(
        name="until",
        brief="Until when; not known here, so always null.",
        schema={"type": "null"},
        read=lambda _name: None,
        usual=True,
    ),
)


@dataclass(frozen=True)
class User:
    """A student, with what is only read where a field asks for it."""

    record: StudentRecord

    @cached_property
    def usos_id(self) -> str:
        return records.usos_id(db.session(), self.record.id)

    @property
    def previous_names(self) -> list[dict[str, str]]:
        """The names on the plastic card, where they are no longer the student's."""
        if self.record.els is None:
            return []
        now, then = self.record.personal, self.record.els.snapshot
        if (now.given_names, now.surname) == (then.given_names, then.surname):
            return []
        return [{"first_name": then.given_names, "last_name": then.surname}]

    @property
    def email(self) -> str | None:
        return records.student_email(db.session(), self.record.id)


NAME_FIELDS = (
    Field(
        name="id",
        brief="The person's identifier in USOS.",
        schema=TEXT,
        read=lambda user: user.usos_id,
        usual=True,
    ),
    Field(
        name="first_name",
        brief="Given names.",
        schema=TEXT,
        read=lambda user: user.record.personal.given_names,
        usual=True,
    ),
    Field(
        name="last_name",
        brief="Surname.",
        schema=TEXT,
        read=lambda user: user.record.personal.surname,
        usual=True,
    ),
)


def _photo_url(size: str) -> Field:
    return Field(
        name=size,
        brief="Address of the photo; it must be signed like a method.",
        schema={"type": "string", "format": "uri"},
        read=lambda _user: f"{settings().base_url}/{PHOTO}",
        usual=size == "original",
    )


USER_FIELDS = (
    *NAME_FIELDS,
    Field(
        name="student_status",
        brief="0: no student, 1: inactive, 2: active.",
        schema={"type": "integer", "enum": [0, 1, 2]},
        read=lambda user: STATUS[user.record.status],
        scope=Scope.STUDIES,
    ),
    Field(
        name="student_number",
        brief="Album number, with its leading zeros.",
        schema=NULLABLE_TEXT,
        read=lambda user: user.record.album_number,
        scope=Scope.STUDIES,
    ),
    Field(
        name="pesel",
        brief="PESEL number.",
        schema=NULLABLE_TEXT,
        read=lambda user: user.record.personal.pesel,
        scope=Scope.PERSONAL,
    ),
    Field(
        name="email",
        brief="E-mail address.",
        schema=NULLABLE_TEXT,
        read=lambda user: user.email,
        scope=Scope.EMAIL,
    ),
    Field(
        name="has_photo",
        brief="Whether USOS has a photo.",
        schema=FLAG,
        read=lambda user: user.record.has_photo,
    ),
    Field(
        name="photo_urls",
        brief="Addresses of the photo by size; null: there is none. All sizes are the same picture.",
        schema={"type": ["object", "null"]},
        read=lambda user: user if user.record.has_photo else None,
        scope=Scope.PHOTO,
        inner=tuple(map(_photo_url, PHOTO_SIZES)),
    ),
    Field(
        name="previous_names",
        brief="Names on the plastic card, where they have changed since.",
        schema={"type": "array"},
        read=lambda user: user.previous_names,
        inner=PREVIOUS_NAME,
        many=True,
    ),
)


def me(call: Call) -> User:
    """The student. Raises `ApiError` where the registry can't be read."""
    try:
        return User(records.student_record(db.session(), call.student_id))
    except RegistryUnavailable as error:
        raise unavailable() from error


def unavailable() -> ApiError:
    error = ApiError(503, "USOS could not be read just now. Try again later.")
    error.retry_after = 60
    return error


def user(call: Call) -> User:
    found = me(call)
    if call.arguments.get("user_id", found.usos_id) != found.usos_id:
        raise not_found("user_id")
    return found


def photo(call: Call) -> bytes:
    try:
        jpeg = records.photo_jpeg(db.session(), call.student_id)
    except SQLAlchemyError as error:
        raise unavailable() from error
    if jpeg is None:
        raise not_found("user_id")
    return jpeg


METHODS: tuple[Method, ...] = (
    Method(
        name="services/users/user",
        brief="The student who let the app in.",
        run=user,
        arguments=(Argument("user_id", "The student's own identifier, or nothing.", required=False),),
        fields=USER_FIELDS,
    ),
    Method(
        name=PHOTO,
        brief="The student's photo as JPEG.",
        run=photo,
        scope=Scope.PHOTO,
        schema={"type": "string", "contentMediaType": JPEG},
        mimetype=JPEG,
    ),
)
