"""Failed log-ins counted in PostgreSQL: what `LoginThrottle` promises, for all processes together.

Each key is one row with the instants of its attempts. An attempt is added by one statement that counts
those within the window and locks the row, so parallel tries can't slip through between two processes either.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, or_, select, text

from portal import clock
from portal.accounts.models import LoginFailures
from portal.accounts.throttle import (
    TRIES_FOR_A_PAIR,
    TRIES_FOR_AN_ADDRESS,
    WINDOW,
    Attempt,
    Throttled,
)
from portal.database import db, write
from portal.shared_throttle import Counter, hashed_key
from portal.throttle import network_of

BATCH = 1_000
_SPAN = WINDOW.total_seconds()

_KEPT = text("SELECT stamps FROM login_failures WHERE key = :key")
_ADD = text(
    """
    INSERT INTO login_failures AS kept (key, stamps, last_at)
        VALUES (:key, ARRAY[CAST(:now AS double precision)], :now)
    ON CONFLICT (key) DO UPDATE SET
        stamps = ARRAY(
            SELECT stamp FROM unnest(kept.stamps || excluded.stamps) AS stamp
            WHERE stamp > :since AND stamp < :until ORDER BY stamp
        ),
        last_at = excluded.last_at
        WHERE (
            SELECT count(*) FROM unnest(kept.stamps) AS stamp WHERE stamp > :since AND stamp < :until
        ) < :tries
    RETURNING key
    """
)
_TELL = text(
    """
    UPDATE login_failures SET told_at = :now
    WHERE key = :key AND (told_at IS NULL OR told_at <= :since OR told_at >= :until)
    RETURNING key
    """
)
# One of several attempts of the same instant.
_TAKE_BACK = text(
    """
    UPDATE login_failures SET
        stamps = stamps[: array_position(stamps, CAST(:stamp AS double precision)) - 1]
            || stamps[array_position(stamps, CAST(:stamp AS double precision)) + 1 :]
    WHERE key = :key AND CAST(:stamp AS double precision) = ANY(stamps)
    """
)
_FORGET = text("DELETE FROM login_failures WHERE key = :key")


class SharedLoginThrottle:
    """`throttle.Throttling`. Every call raises `SQLAlchemyError` where the database can't be asked."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def begin(self, name: str, address: str, now: datetime) -> Attempt:
        place = network_of(address)
        pair = hashed_key(f"{name}\0{place}", "log-in pair")
        attempt = Attempt(pair, hashed_key(place, "log-in address"), now.timestamp())
        # Asked first without a lock, so that a flood of refused attempts writes nothing.
        for key, tries in ((attempt.pair, TRIES_FOR_A_PAIR), (attempt.address, TRIES_FOR_AN_ADDRESS)):
            if len(self._recent(key, attempt.stamp)) >= tries:
                raise self._refusal(key, tries, attempt.stamp)
        if not self._add(attempt.pair, TRIES_FOR_A_PAIR, attempt.stamp):
            raise self._refusal(attempt.pair, TRIES_FOR_A_PAIR, attempt.stamp)
        if not self._add(attempt.address, TRIES_FOR_AN_ADDRESS, attempt.stamp):
            self._take_back(attempt.pair, attempt.stamp)
            raise self._refusal(attempt.address, TRIES_FOR_AN_ADDRESS, attempt.stamp)
        return attempt

    def succeeded(self, attempt: Attempt) -> None:
        self._counter.first(_FORGET, key=attempt.pair)
        self._take_back(attempt.address, attempt.stamp)

    def undecided(self, attempt: Attempt) -> None:
        self._take_back(attempt.pair, attempt.stamp)
        self._take_back(attempt.address, attempt.stamp)

    def _recent(self, key: bytes, now: float) -> list[float]:
        kept = self._counter.first(_KEPT, key=key)
        return [] if kept is None else sorted(stamp for stamp in kept.stamps if abs(stamp - now) < _SPAN)

    def _add(self, key: bytes, tries: int, now: float) -> bool:
        added = self._counter.first(_ADD, key=key, now=now, tries=tries, **_window(now))
        return added is not None

    def _take_back(self, key: bytes, stamp: float) -> None:
        self._counter.first(_TAKE_BACK, key=key, stamp=stamp)

    def _refusal(self, key: bytes, tries: int, now: float) -> Throttled:
        first = self._counter.first(_TELL, key=key, now=now, **_window(now)) is not None
        recent = self._recent(key, now)
        # There may be room again by now: then at once.
        until = recent[-tries] + _SPAN if len(recent) >= tries else now
        return Throttled(datetime.fromtimestamp(until, UTC), first=first)


def _window(now: float) -> dict[str, float]:
    """What lies further ahead was written by a clock that was wrong, and would shut somebody out."""
    return {"since": now - _SPAN, "until": now + _SPAN}


def forget_old() -> None:
    """Delete a batch of rows without an attempt in the window."""
    window = _window(clock.now().timestamp())
    old = or_(LoginFailures.last_at <= window["since"], LoginFailures.last_at >= window["until"])
    if db.session.scalar(select(LoginFailures.key).where(old).limit(1)) is None:
        return
    some = select(LoginFailures.key).where(old).limit(BATCH).with_for_update(skip_locked=True)
    with write() as session:
        session.execute(
            delete(LoginFailures)
            .where(LoginFailures.key.in_(some))
            .execution_options(synchronize_session=False)
        )
