"""The one way to delete rows of the audit trail: old ones, and never without a row that says so.

The triggers that keep the trail append-only are lifted and restored within the transaction that deletes, so
nobody else ever finds them lifted, and whatever kills the program leaves them in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from portal import audit
from portal.audit import Actor, AuditRecord
from portal.database import db, write

BATCH = 5000
"""Rows of one transaction: nobody can write to the trail while it lasts."""
SQLITE, POSTGRES = "audit_no_delete", "audit_append_only"
"""The triggers that migration 0002 made."""


class TrailUnprotected(Exception):
    """The database lacks the trigger that protects the trail: somebody must look into that first."""


def older_than(before: datetime) -> int:
    """How many rows are older."""
    return (
        db.session.scalar(select(func.count()).select_from(AuditRecord).where(AuditRecord.at < before)) or 0
    )


def prune(before: datetime, actor: Actor, progress: Callable[[int], None] = lambda _pruned: None) -> int:
    """Delete the rows older than `before`, in batches; how many. `progress` hears of each batch.

    Raises `TrailUnprotected`. May be stopped at any moment and run again.
    """
    pruned = 0
    while batch := _prune_batch(before, actor):
        pruned += batch
        progress(batch)
    return pruned


def _prune_batch(before: datetime, actor: Actor) -> int:
    """The oldest of them, and the row that says how many there were and up to when."""
    oldest = select(AuditRecord.id).where(AuditRecord.at < before).order_by(AuditRecord.at).limit(BATCH)
    if db.session.scalar(oldest.limit(1)) is None:
        return 0
    with write() as session:
        with _unprotected(session):
            times = session.scalars(
                delete(AuditRecord)
                .where(AuditRecord.id.in_(oldest))
                .returning(AuditRecord.at)
                .execution_options(synchronize_session=False)
            ).all()
        if times:
            detail = f"{len(times)} rows until {max(times):%Y-%m-%dT%H:%M:%SZ}"
            audit.record(session, audit.Event.AUDIT_PRUNED, actor=actor, detail=detail)
    return len(times)


@contextmanager
def _unprotected(session: Session) -> Iterator[None]:
    """The trail without the trigger against deletion, for this transaction alone."""
    if session.get_bind().dialect.name == "sqlite":
        kept = session.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": SQLITE})
        lift, restore = f"DROP TRIGGER {SQLITE}", kept
    else:
        # Disabled, it also holds off every other writer of the table until the transaction ends.
        kept = session.scalar(text("SELECT tgname FROM pg_trigger WHERE tgname = :name"), {"name": POSTGRES})
        lift, restore = (f"ALTER TABLE audit {act} TRIGGER {POSTGRES}" for act in ("DISABLE", "ENABLE"))
    if kept is None:
        raise TrailUnprotected
    session.connection().exec_driver_sql(lift)
    yield
    session.connection().exec_driver_sql(restore)
