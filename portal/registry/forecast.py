"""What an import would end, known before anything of it is kept.

Each batch is really written, what it ends is decided by the same rules as in the import, and then all is
taken back. Batches don't depend on each other (`conflicts.settle`): whoever takes another person's number is
in one batch with that person, and all others only have numbers that are free or their own. So the sum is that
of the import itself, as long as nobody else writes: the check and the import are different transactions, and
a card ordered or a file imported between them is not in the count. A few cards more may end then than the
check has seen. That is right: the check keeps a wrong file out, while the end of each card is decided in the
transaction that writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import db, in_turn, write
from portal.registry import forgetting, merge
from portal.registry.events import listener
from portal.registry.models import Student
from portal.registry.people import Person
from portal.registry.report import Forecast


@dataclass(frozen=True)
class Batch:
    """People written in one transaction; `together`: they can't be written without each other."""

    people: Sequence[Person]
    together: bool = False


class _TakenBack(Exception):
    """Rolls a transaction back."""


def forecast(batches: Sequence[Batch], step: Callable[[int], None]) -> Forecast:
    """Count what the import of these batches would end. `step` hears how many people were looked at."""
    live = listener().live_cards(db.session())
    ended = 0
    for batch in batches:
        if live:
            ended += _would_end(batch)
        step(len(batch.people))
    return Forecast(ended, live)


def _would_end(batch: Batch) -> int:
    """Who has no card, or of whom nothing changes, is not worth a transaction that others wait for."""
    at_stake = _holders(db.session(), batch.people)
    changes = merge.compare(db.session(), at_stake, merge.Portraits())
    if not changes.changed:
        return 0
    ended = 0
    try:
        with write() as session:
            in_turn(session, forgetting.REGISTRY)
            if batch.together:
                changes = merge.compare(session, batch.people, merge.Portraits())
            merge.apply(session, changes)
            ended = listener().would_end(session, changes.told)
            raise _TakenBack
    except _TakenBack:
        return ended


def _holders(session: Session, people: Sequence[Person]) -> list[Person]:
    """Those who have a live card or order."""
    query = select(Student.id, Student.usos_id).where(Student.usos_id.in_([one.usos_id for one in people]))
    known = {row.id: row.usos_id for row in session.execute(query)}
    holding = {known[key] for key in listener().holders(session, known)}
    return [one for one in people if one.usos_id in holding]
