"""The registry's tables. Records come from an import; students change nothing here but through USOS."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from portal.database import Model, UtcDateTime
from portal.encryption import EncryptedText

_LEFT = text("left_at IS NOT NULL")


class StudentStatus(StrEnum):
    """As ``student_status`` of the USOS API: 2 active, 1 inactive, 0 none."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NONE = "none"


class StudyLevel(StrEnum):
    FIRST_CYCLE = "first_cycle"
    SECOND_CYCLE = "second_cycle"
    LONG_CYCLE = "long_cycle"
    DOCTORAL = "doctoral"
    POSTGRADUATE = "postgraduate"


class Student(Model):
    __tablename__ = "students"
    __table_args__ = (Index("ix_students_left_at", "left_at", sqlite_where=_LEFT, postgresql_where=_LEFT),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    album_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    """A string: leading zeros count."""
    usos_id: Mapped[str] = mapped_column(String(40), unique=True)
    """The person's identifier in USOS: what an import recognises a person by."""
    given_names: Mapped[str] = mapped_column(String(100))
    surname: Mapped[str] = mapped_column(String(100))
    birth_date: Mapped[date | None]
    pesel: Mapped[str | None] = mapped_column(EncryptedText)
    status: Mapped[str] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(EncryptedText)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when the status is not active, as far as imports told; empty while it is."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    programmes: Mapped[list[Programme]] = relationship(
        back_populates="student", cascade="all, delete-orphan", order_by="Programme.code"
    )
    cards: Mapped[list[PlasticCard]] = relationship(
        back_populates="student", cascade="all, delete-orphan", order_by="PlasticCard.issued_on"
    )
    photo: Mapped[Photo | None] = relationship(back_populates="student", cascade="all, delete-orphan")


class Programme(Model):
    """An enrolment on a programme of study."""

    __tablename__ = "programmes"
    __table_args__ = (UniqueConstraint("student_id", "code"), Index(None, "student_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    faculty: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool]
    graduated_on: Mapped[date | None]

    student: Mapped[Student] = relationship(back_populates="programmes")


class PlasticCard(Model):
    """An ELS, with the personal data as they stood when it was issued."""

    __tablename__ = "plastic_cards"
    __table_args__ = (Index(None, "student_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    card_number: Mapped[str] = mapped_column(String(40), unique=True)
    issued_on: Mapped[date]
    valid_until: Mapped[date]
    """Last day included; moves when the ELS is extended."""
    given_names: Mapped[str] = mapped_column(String(100))
    surname: Mapped[str] = mapped_column(String(100))
    pesel: Mapped[str | None] = mapped_column(EncryptedText)

    student: Mapped[Student] = relationship(back_populates="cards")


class Photo(Model):
    """A portrait, re-encoded by us as JPEG without metadata."""

    __tablename__ = "photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"), unique=True)
    source_sha256: Mapped[str] = mapped_column(String(64))
    """Of the file it was made from: a repeated import of the same file changes nothing."""
    width: Mapped[int]
    height: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    jpeg: Mapped[bytes] = deferred(mapped_column(LargeBinary))

    student: Mapped[Student] = relationship(back_populates="photo")
