"""What an import would change for some people, and the change itself.

`compare` reads and decides, for a dry run too; `apply` writes what `compare` found, in the same transaction.
Both work on columns rather than objects and on many people at once: a university has tens of thousands.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal import clock
from portal.registry.interface import StudentChange
from portal.registry.models import Photo, PlasticCard, Programme, Student, StudentStatus
from portal.registry.people import Person
from portal.registry.photos import Portrait
from portal.registry.records import PersonalData

Values = dict[str, Any]
_PERSONAL = ("album_number", "given_names", "surname", "birth_date", "pesel")
Table = type[Student] | type[Programme] | type[PlasticCard] | type[Photo]


@dataclass(frozen=True)
class Portraits:
    """By ``usos_id``: new portraits, and who has none in USOS any more. Everybody else's stays."""

    new: Mapping[str, Portrait] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


@dataclass
class _Rows:
    """The changes to one table. Rows to insert name their student by ``usos_id``."""

    insert: list[Values] = field(default_factory=list)
    update: list[Values] = field(default_factory=list)
    delete: list[int] = field(default_factory=list)

    def compare(self, present: Row[Any] | None, wanted: Values, *, usos_id: str) -> None:
        if present is None:
            self.insert.append({"usos_id": usos_id} | wanted)
        elif any(getattr(present, name) != value for name, value in wanted.items()):
            self.update.append({"id": present.id} | wanted)

    @property
    def size(self) -> int:
        return len(self.insert) + len(self.update) + len(self.delete)


@dataclass
class Changes:
    """What differs between the file and the registry."""

    new: list[str] = field(default_factory=list)
    """``usos_id``s of people not known before."""
    changed: dict[int, str] = field(default_factory=dict)
    """Keys of students about whom anything differs, with their ``usos_id``s."""
    personal: set[int] = field(default_factory=set)
    """Of those: about whom a card would say something else now."""
    albums_given_up: list[int] = field(default_factory=list)
    """Keys of students who have another album number in the file, or none."""
    students: _Rows = field(default_factory=_Rows)
    programmes: _Rows = field(default_factory=_Rows)
    cards: _Rows = field(default_factory=_Rows)
    photos: _Rows = field(default_factory=_Rows)

    @property
    def size(self) -> int:
        return sum(rows.size for rows in (self.students, self.programmes, self.cards, self.photos))

    @property
    def told(self) -> list[StudentChange]:
        """As the registry's listener hears of them. Who is new has nothing that could end."""
        return [StudentChange(key, personal=key in self.personal) for key in self.changed]


def compare(session: Session, people: Sequence[Person], portraits: Portraits) -> Changes:
    """What `apply` has to do to make the registry say of these people what the file says."""
    wanted_ids = [person.usos_id for person in people]
    query = select(*Student.__table__.columns).where(Student.usos_id.in_(wanted_ids))
    students = {row.usos_id: row for row in session.execute(query)}
    keys = [row.id for row in students.values()]
    programmes = _present(session, keys, Programme.code, list(Programme.__table__.columns))
    cards = _present(session, keys, PlasticCard.card_number, list(PlasticCard.__table__.columns))
    slim = [column for column in Photo.__table__.columns if column.key != "jpeg"]
    photos = _present(session, keys, Photo.student_id, slim)
    changes = Changes()
    for person in people:
        before = changes.size
        student = students.get(person.usos_id)
        key = student.id if student else 0  # no row has this key
        wanted = _student(person, student)
        changes.students.compare(student, wanted, usos_id=person.usos_id)
        _compare_all(changes.programmes, programmes[key], _programmes(person), person.usos_id)
        _compare_all(changes.cards, cards[key], _cards(person, cards[key]), person.usos_id)
        _compare_photo(changes.photos, photos[key].get(key), person.usos_id, portraits)
        if student is None:
            changes.new.append(person.usos_id)
        elif changes.size != before:
            changes.changed[key] = person.usos_id
            _note_personal(changes, student, wanted)
    return changes


def _note_personal(changes: Changes, present: Row[Any], wanted: Values) -> None:
    if any(getattr(present, name) != wanted[name] for name in _PERSONAL):
        changes.personal.add(present.id)
    if present.album_number != wanted["album_number"]:
        changes.albums_given_up.append(present.id)


def _present(
    session: Session,
    keys: list[int],
    natural: InstrumentedAttribute[Any],
    columns: Sequence[ColumnElement[Any]],
) -> dict[int, dict[Any, Row[Any]]]:
    """Rows by their student's key and then by their natural key."""
    query = select(*columns).where(natural.class_.student_id.in_(keys))
    found: dict[int, dict[Any, Row[Any]]] = defaultdict(dict)
    for row in session.execute(query):
        found[row.student_id][getattr(row, natural.key)] = row
    return found


def _compare_all(
    rows: _Rows, present: Mapping[Any, Row[Any]], wanted: Mapping[str, Values], who: str
) -> None:
    rows.delete += [row.id for natural, row in present.items() if natural not in wanted]
    for natural, values in wanted.items():
        rows.compare(present.get(natural), values, usos_id=who)


def _compare_photo(rows: _Rows, present: Row[Any] | None, usos_id: str, portraits: Portraits) -> None:
    if usos_id in portraits.gone and present is not None:
        rows.delete.append(present.id)
    new = portraits.new.get(usos_id)
    if new is None or (present is not None and present.source_sha256 == new.source_sha256):
        return
    values = vars(new) | {"updated_at": clock.now()}
    if present is None:
        rows.insert.append({"usos_id": usos_id} | values)
    else:
        rows.update.append({"id": present.id} | values)


def _student(person: Person, present: Row[Any] | None) -> Values:
    cells = person.cells
    values = {
        "album_number": cells.album_number,
        "given_names": cells.given_names,
        "surname": cells.surname,
        "birth_date": cells.birth_date,
        "pesel": cells.pesel,
        "status": cells.status.value,
        "left_at": _left_at(cells.status, present),
    }
    return values if cells.email is None else values | {"email": cells.email or None}


def _left_at(status: StudentStatus, present: Row[Any] | None) -> datetime | None:
    """Since when somebody is no active student: it stays what it was until the status is active again."""
    if status == StudentStatus.ACTIVE:
        return None
    return (present.left_at if present is not None else None) or clock.now()


def _programmes(person: Person) -> dict[str, Values]:
    return {cells.code: vars(cells) | {"level": cells.level.value} for cells in person.programmes}


def _cards(person: Person, present: Mapping[str, Row[Any]]) -> dict[str, Values]:
    """A card's snapshot is the file's, or what we kept before, or the person's data as they stand now."""
    wanted = {}
    for cells in person.cards:
        kept = present.get(cells.number)
        snapshot = cells.snapshot or (
            PersonalData(kept.given_names, kept.surname, kept.pesel) if kept else person.cells.personal
        )
        wanted[cells.number] = {
            "card_number": cells.number,
            "issued_on": cells.issued_on,
            "valid_until": cells.valid_until,
        } | vars(snapshot)
    return wanted


def apply(session: Session, changes: Changes) -> None:
    """Write the changes. What is unique and moves from one person to another is given up first."""
    now = clock.now()
    for table, rows in _children_of(changes):
        if rows.delete:
            session.execute(delete(table).where(table.id.in_(rows.delete)))
    # Only theirs: on PostgreSQL a new value of a unique column holds up whoever refers to the row.
    _update(session, Student, [{"id": key, "album_number": None} for key in changes.albums_given_up])
    _update(session, Student, changes.students.update)
    _update(session, Student, [{"id": key, "updated_at": now} for key in changes.changed])
    keys = _insert_students(session, changes.students.insert)
    for table, rows in _children_of(changes):
        _update(session, table, rows.update)
        keys |= _keys(session, {row["usos_id"] for row in rows.insert} - keys.keys())
        if rows.insert:
            session.execute(insert(table), [_child(row, keys) for row in rows.insert])


def _children_of(changes: Changes) -> tuple[tuple[Table, _Rows], ...]:
    return (Programme, changes.programmes), (PlasticCard, changes.cards), (Photo, changes.photos)


def _update(session: Session, table: Table, rows: list[Values]) -> None:
    """In the order of their keys, as everybody locks them who locks several."""
    if rows:
        session.execute(update(table), sorted(rows, key=lambda row: cast(int, row["id"])))


def _insert_students(session: Session, rows: list[Values]) -> dict[str, int]:
    if not rows:
        return {}
    now = clock.now()
    full = [row | {"public_id": uuid.uuid4().hex, "updated_at": now} for row in rows]
    inserted = session.execute(insert(Student).returning(Student.usos_id, Student.id), full)
    return {row.usos_id: row.id for row in inserted}


def _keys(session: Session, usos_ids: set[str]) -> dict[str, int]:
    if not usos_ids:
        return {}
    found = session.execute(select(Student.usos_id, Student.id).where(Student.usos_id.in_(usos_ids)))
    return {row.usos_id: row.id for row in found}


def _child(row: Values, keys: Mapping[str, int]) -> Values:
    return {name: value for name, value in row.items() if name != "usos_id"} | {
        "student_id": keys[row["usos_id"]]
    }
