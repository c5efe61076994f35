"""Writing, for an endpoint that many may call at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.database import db, write


@contextmanager
def writing() -> Iterator[Session]:
    """`write()`, with the reading connection given back first.

    Requests that wait for the one writer would otherwise hold every connection of the pool, and the writer
    would find none. What was read before must be plain values.
    """
    db.session.rollback()
    with write() as session:
        yield session
