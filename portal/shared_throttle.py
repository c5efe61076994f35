"""Limits counted in PostgreSQL, for all processes together.

A bucket is one number: when it will be full again. Whoever may go on puts that off by one statement, which is
a transaction of its own; whoever may not writes nothing. A row whose bucket is full says as much as none.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import URL, BigInteger, Connection, LargeBinary, Row, TextClause, delete, or_, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.database import Model, db, unpooled, write
from portal.encryption import fingerprint
from portal.throttle import Throttle
from portal.unavailable import is_unavailable

SECOND = 1_000_000
SKEW = 60 * SECOND
"""A bucket emptier than this is from a clock that was set back; machines may differ by less."""
LONGEST = timedelta(days=1)
"""No bucket takes so long to be full again."""
BATCH = 1_000
REST = 2.0
"""Seconds."""

_TAKE = text(
    """
    INSERT INTO rate_limits AS kept (key, full_at) VALUES (:key, :now + :each)
    ON CONFLICT (key) DO UPDATE
        SET full_at = least(greatest(kept.full_at, :now) + :each, :now + :whole)
        WHERE kept.full_at <= :now + :whole - :each OR kept.full_at > :now + :whole + :skew
    RETURNING full_at
    """
)
_FULL_AT = text("SELECT full_at FROM rate_limits WHERE key = :key")


class RateLimit(Model):
    """A token bucket that is not full. Not logged by PostgreSQL: after a crash of it all buckets are full."""

    __tablename__ = "rate_limits"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Keyed hash of what is limited: addresses are personal data."""
    full_at: Mapped[int] = mapped_column(BigInteger)
    """Microseconds since 1970."""


class Counter:
    """One counting statement at a time, each in a transaction of its own.

    Its connections stay open, as many as threads count at once. Nobody waits for the disk: what is counted
    may be lost.
    """

    def __init__(self, url: URL) -> None:
        self._engine = unpooled(url)
        self._free: list[Connection] = []
        self._failed_at = -math.inf

    @property
    def resting(self) -> bool:
        """The database could not be asked a moment ago: whoever need not ask should not wait for it again."""
        return time.monotonic() - self._failed_at < REST

    def first(self, statement: TextClause, **parameters: object) -> Row[Any] | None:
        """The first row, if any. Raises `DBAPIError` where the database can't be asked."""
        try:
            try:
                return self._first(statement, parameters)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._first(statement, parameters)  # the server was restarted since it was last asked
        except DBAPIError as error:
            if is_unavailable(error):
                self._failed_at = time.monotonic()
            raise

    def _first(self, statement: TextClause, parameters: Mapping[str, object]) -> Row[Any] | None:
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            done = connection.execute(statement, parameters)
            row = done.first() if done.returns_rows else None
        except BaseException:
            connection.close()
            self._free.clear()  # where the server was restarted they are lost as well
            raise
        self._free.append(connection)
        return row


class SharedThrottle(Throttle):
    """Counts in the database. `name` sets its keys apart from those of other limits.

    Where the database can't be asked everything goes on: it will fail by itself, for want of the database.
    """

    def __init__(self, counter: Counter, name: str, rate: float, burst: int) -> None:
        super().__init__(rate, burst)
        self._counter = counter
        self._purpose = f"rate limit {name}"
        self._each = round(SECOND / rate)
        self._whole = burst * self._each

    def wait(self, key: str) -> int:
        if self._counter.resting:
            return 0
        hashed = hashed_key(key, self._purpose)
        now = _microseconds(clock.now())
        spans = {"now": now, "each": self._each, "whole": self._whole, "skew": SKEW}
        try:
            if self._counter.first(_TAKE, key=hashed, **spans) is not None:
                return 0
            kept = self._counter.first(_FULL_AT, key=hashed)
        except DBAPIError as error:
            if not is_unavailable(error):
                raise
            return 0
        full_at = now if kept is None else kept.full_at
        return max(1, math.ceil((full_at - self._whole + self._each - now) / SECOND))


def hashed_key(key: str, purpose: str) -> bytes:
    """Of one length, however long a name somebody sends."""
    return bytes.fromhex(fingerprint(key, purpose))


def forget_full() -> None:
    """Delete a batch of rows that say nothing any more."""
    now = clock.now()
    full = or_(RateLimit.full_at <= _microseconds(now), RateLimit.full_at > _microseconds(now + LONGEST))
    if db.session.scalar(select(RateLimit.key).where(full).limit(1)) is None:
        return
    some = select(RateLimit.key).where(full).limit(BATCH).with_for_update(skip_locked=True)
    with write() as session:
        session.execute(
            delete(RateLimit).where(RateLimit.key.in_(some)).execution_options(synchronize_session=False)
        )


def _microseconds(instant: datetime) -> int:
    return round(instant.timestamp() * SECOND)
