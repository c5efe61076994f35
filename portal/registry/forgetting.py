"""Forgetting who left: all that the registry says of them goes, but that USOS once named them.

What is kept of a student serves to issue and check a card (GDPR art. 5(1)(e)); that end is over. USOS, where
all of it comes from, keeps it as the law on student records says. What stays is an empty row with the
person's identifier in USOS, so that the next import, which may well name them still, doesn't bring them back:
only one that calls them an active student again does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.registry.models import Photo, PlasticCard, Programme, Student, StudentStatus
from portal.registry.people import Person

REGISTRY = "registry"
"""Whoever changes many people at once does so in turn (`database.in_turn`): imports, and forgetting."""
KNOWN = Student.surname != ""
"""True of everybody but the forgotten: an import takes nobody without a surname."""
_BATCH = 500
"""Identifiers asked for by one query: databases limit the parameters of a statement."""
_EMPTY = {
    "album_number": None,
    "given_names": "",
    "surname": "",
    "birth_date": None,
    "pesel": None,
    "email": None,
}


def forget(session: Session, student_ids: Sequence[int], left_before: datetime) -> list[int]:
    """Erase these students' records in the caller's transaction; the keys of those who were erased.

    Who came back meanwhile, or was forgotten before, is left out.
    """
    gone = session.scalars(
        update(Student)
        .where(Student.id.in_(student_ids), Student.left_at <= left_before, KNOWN)
        .values(**_EMPTY, updated_at=clock.now())
        .returning(Student.id)
        .execution_options(synchronize_session=False)
    ).all()
    for table in (Photo, PlasticCard, Programme):
        session.execute(
            delete(table).where(table.student_id.in_(gone)).execution_options(synchronize_session=False)
        )
    return list(gone)


def to_import(session: Session, people: Sequence[Person]) -> list[Person]:
    """Those of `people` whom an import may write: the forgotten only where they are active students again."""
    away = [person.usos_id for person in people if person.cells.status != StudentStatus.ACTIVE]
    forgotten: set[str] = set()
    for start in range(0, len(away), _BATCH):
        some = Student.usos_id.in_(away[start : start + _BATCH])
        forgotten |= set(session.scalars(select(Student.usos_id).where(some, ~KNOWN)))
    return [person for person in people if person.usos_id not in forgotten]
