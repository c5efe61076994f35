"""How many checks ended how: a number for each day, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db
from portal.verifier.models import VerifierCount


def count(session: Session, preset: str, verdict: str) -> None:
    """One more today, in the caller's transaction."""
    of_today = {"day": clock.today(), "preset": preset, "verdict": verdict}
    one_more = update(VerifierCount).filter_by(**of_today).values(count=VerifierCount.count + 1)
    if session.execute(one_more.returning(VerifierCount.id)).first():
        return
    try:
        with session.begin_nested():
            session.execute(insert(VerifierCount).values(**of_today, count=1))
    except IntegrityError:  # on PostgreSQL another transaction may have been first
        session.execute(one_more)


def latest(rows: int) -> Sequence[VerifierCount]:
    """The newest days' numbers, the newest day first."""
    newest = (VerifierCount.day.desc(), VerifierCount.preset, VerifierCount.verdict)
    return db.session.scalars(select(VerifierCount).order_by(*newest).limit(rows)).all()
