"""The photos of an import: which are new, which are gone, which are refused and why.

A refused photo keeps nobody out: the person is imported and keeps the portrait from before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.registry import photos
from portal.registry.merge import Portraits
from portal.registry.models import Photo, Student
from portal.registry.people import Person
from portal.registry.photos import PhotoRefused, Portrait, Reason
from portal.registry.report import Problem, Report, shown


class PhotoDirectory:
    """Where the photos named by the people of one import are."""

    def __init__(self, directory: Path, people: Iterable[Person], column: str) -> None:
        self._directory = directory
        self._column = column
        self._users: dict[str, list[int]] = {}
        for person in people:
            if person.cells.photo is not None:
                self._users.setdefault(person.cells.photo, []).append(person.line)

    def portraits(self, session: Session, people: Sequence[Person], report: Report) -> Portraits:
        """Portraits of those whose file is new or another one than before; refused ones go to the report."""
        known = _known_sources(session, people)
        session.rollback()  # no read transaction stays open while pictures are decoded
        new: dict[str, Portrait] = {}
        for person in people:
            if person.cells.photo is None:
                continue
            try:
                data = self._read(person.cells.photo)
                if known.get(person.usos_id) != photos.digest(data):
                    new[person.usos_id] = photos.portrait(data)
            except PhotoRefused as refusal:
                report.photos_refused += 1
                why = f"{shown(person.cells.photo)}: {explanation(refusal.reason)}"
                report.problems.append(Problem(person.line, self._column, why))
        return Portraits(new, frozenset(person.usos_id for person in people if person.cells.photo is None))

    def _read(self, name: str) -> bytes:
        if len(self._users[name]) > 1:  # one of them would show another person's face
            raise PhotoRefused(Reason.SHARED)
        return photos.read(self._directory, name)


def _known_sources(session: Session, people: Sequence[Person]) -> Mapping[str, str]:
    query = select(Student.usos_id, Photo.source_sha256).join(Photo.student)
    rows = session.execute(query.where(Student.usos_id.in_([person.usos_id for person in people])))
    return {row.usos_id: row.source_sha256 for row in rows}


def explanation(reason: Reason) -> str:
    """Why a photo is refused, as a half-sentence for the reader's language."""
    words: dict[Reason, str] = {
        Reason.BAD_NAME: _("not a plain name of a file in the photo directory"),
        Reason.MISSING: _("there is no such file"),
        Reason.UNREADABLE: _("the file cannot be read"),
        Reason.SHARED: _("the same file stands at more than one person"),
        Reason.FILE_TOO_LARGE: _("larger than %(limit)d MB", limit=photos.MAX_FILE_BYTES // 1_000_000),
        Reason.NO_PICTURE: _("not a readable JPEG or PNG picture"),
        Reason.TOO_MANY_PIXELS: _(
            "too many pixels (more than %(limit)d million)", limit=photos.MAX_PIXELS // 1_000_000
        ),
        Reason.TOO_SMALL: _("too small (under %(limit)d pixels at a side)", limit=photos.MIN_SIDE),
        Reason.DAMAGED: _("the picture is damaged or cut off"),
        Reason.HIDES_SOMETHING: _("something else is hidden in the picture's file"),
    }
    return words[reason]
