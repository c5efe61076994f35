"""Status lists as verifiers get them: made once for each change or every few minutes, for all processes.

A signed list is kept in the database under its list's version, which a revocation raises in its own
transaction: whoever asks after that gets a new list, and everybody gets the same one. Each process also keeps
what it served last in memory.

Where nothing can be written lists are served all the same, as long as one that was announced would be good:
the kept one although it is due, or after a revocation one that each process signs for itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy import Row, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from portal import clock
from portal.database import BRIEFLY, CROWD_PATIENCE, DatabaseBusy, db, write
from portal.issuer import copies, signed_lists
from portal.issuer.models import SignedStatusList, StatusList
from portal.issuer.signed_lists import SignedList
from portal.issuer.urls import status_list_uri
from portal.settings import settings
from portal.unavailable import is_unavailable

FRESH = timedelta(minutes=10)
"""A list is signed anew after this, so that caches always have some minutes of its `ttl` left."""
AHEAD = timedelta(seconds=10)
"""So far the clock of the machine that signed may be ahead of this one's."""
TURN_PATIENCE_MS = 2_000
"""Milliseconds that a process waits while another one signs, which takes about five."""
REST = 2.0
"""Seconds for which no list is kept after that failed: whoever asks need not find out again."""
_TRIES = 10
_STANDING = select(
    StatusList.version,
    StatusList.published_until,
    SignedStatusList.version.label("signed_version"),
    SignedStatusList.etag,
).outerjoin(SignedStatusList, SignedStatusList.list_id == StatusList.id)
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('mlegitymacja status list ' || :list_id, 0))")

Standing = Row[int, datetime | None, int | None, str | None]
"""A list's version, until when signed lists were announced, and which one there is."""


class Busy(Exception):
    """The list changed faster than it could be signed."""


class Publisher:
    """The signed lists that this process served last, and how it comes by others."""

    def __init__(self) -> None:
        self._lists: dict[int, SignedList] = {}
        self._unkept: dict[int, SignedList] = {}
        self._turns: dict[int, threading.Lock] = {}
        self._failed_at = -math.inf

    def get(self, list_id: int) -> SignedList | None:
        """The list as it is now, or None where there is no such list.

        Raises `Busy`, and `SQLAlchemyError` where nothing can be written and no list is good without that.
        """
        standing = _standing(list_id)
        if standing is None:
            return None
        if fresh := self._fresh(list_id, standing):
            return fresh
        try:
            with self._turn_here(list_id), _turn(list_id):
                return self._renewed(list_id)
        except SQLAlchemyError as error:
            if not is_unavailable(error):
                raise
            meanwhile = self._meanwhile(list_id)
            if meanwhile is None:
                raise
            return meanwhile

    @contextmanager
    def _turn_here(self, list_id: int) -> Iterator[None]:
        """Wait while another thread signs this list. Raises `DatabaseBusy` where that is no use."""
        turn = self._turns.setdefault(list_id, threading.Lock())
        if not turn.acquire(timeout=CROWD_PATIENCE):
            raise DatabaseBusy("another thread waits to keep the status list")
        try:
            if time.monotonic() - self._failed_at < REST:
                raise DatabaseBusy("no status list could be kept a moment ago")
            yield
        finally:
            turn.release()

    def _renewed(self, list_id: int) -> SignedList | None:
        """Signed and kept, unless somebody else did so meanwhile. Raises `Busy`."""
        for _ in range(_TRIES):
            db.session.rollback()  # what is read below must not be older than this moment
            standing = _standing(list_id)
            if standing is None:
                return None
            if fresh := self._fresh(list_id, standing):
                return fresh
            signed = _sign(list_id, standing.version)
            if self._keep(list_id, signed):
                self._lists[list_id] = signed
                return signed
        raise Busy

    def _keep(self, list_id: int, signed: SignedList) -> bool:
        try:
            return keep(list_id, signed)
        except SQLAlchemyError as error:
            if is_unavailable(error):
                self._failed_at = time.monotonic()
            raise

    def _fresh(self, list_id: int, standing: Standing) -> SignedList | None:
        """The signed list that everybody is served, if it is still good and not due."""
        kept = self._kept(list_id, standing)
        return kept if kept and _serves(list_id, kept, kept.issued_at + FRESH) else None

    def _kept(self, list_id: int, standing: Standing) -> SignedList | None:
        """The kept list of this very version, however old."""
        if standing.signed_version != standing.version:
            return None
        known = self._lists.get(list_id)
        if known is None or known.etag != standing.etag:
            token = db.session.scalar(
                select(SignedStatusList.token).where(
                    SignedStatusList.list_id == list_id, SignedStatusList.etag == standing.etag
                )
            )
            if token is None:
                return None  # another one took its place meanwhile
            known = self._lists[list_id] = signed_lists.read(standing.version, token)
        return known

    def _meanwhile(self, list_id: int) -> SignedList | None:
        """What to serve where none can be kept: it shows every revocation, and ends by what was announced.

        A revocation tells people how long their card may look valid by `published_until`. So a list that ends
        no later may be handed out without a word to the database.
        """
        db.session.rollback()  # the version must not be older than this moment
        standing = _standing(list_id)
        if standing is None or standing.published_until is None:
            return None
        for ready in (self._kept(list_id, standing), self._unkept.get(list_id)):
            if ready and ready.version == standing.version and _serves(list_id, ready, ready.expires_at):
                return ready
        signed = self._unkept[list_id] = _sign(list_id, standing.version, standing.published_until)
        return signed if _serves(list_id, signed, signed.expires_at) else None


def publisher() -> Publisher:
    return cast(Publisher, current_app.extensions["portal.issuer.status_lists"])


def keep(list_id: int, signed: SignedList) -> bool:
    """Have everybody served this; False where the list has changed since, so that nobody may be.

    Not worth waiting for: there is nearly always a list that may be served instead.
    """
    with write(BRIEFLY) as session:
        if not copies.publish(session, list_id, signed.version, signed.expires_at):
            return False
        session.merge(
            SignedStatusList(list_id=list_id, version=signed.version, etag=signed.etag, token=signed.token)
        )
    return True


def _standing(list_id: int) -> Standing | None:
    return db.session.execute(_STANDING.where(StatusList.id == list_id)).one_or_none()


def _serves(list_id: int, signed: SignedList, until: datetime) -> bool:
    """Whether it goes by its address, is not from the future, and it is not `until` yet."""
    in_time = signed.issued_at - AHEAD <= clock.now() < until
    return in_time and signed.uri == status_list_uri(settings(), list_id)


def _sign(list_id: int, version: int, latest: datetime | None = None) -> SignedList:
    """Whatever was signed last shows the bits up to its version: only what is new is read besides."""
    last = db.session.execute(
        select(SignedStatusList.version, SignedStatusList.token).where(SignedStatusList.list_id == list_id)
    ).one_or_none()
    if last is None:
        packed = signed_lists.encode(copies.revoked_indexes(list_id, 0, version))
    else:
        new = copies.revoked_indexes(list_id, last.version, version)
        packed = signed_lists.encode(new, signed_lists.packed_of(last.token))
    return signed_lists.sign(status_list_uri(settings(), list_id), version, packed, latest)


@contextmanager
def _turn(list_id: int) -> Iterator[None]:
    """Wait while another process signs this list, so that they don't all do the same work.

    It is no more than that: `keep` decides whose list is served. PostgreSQL ends the turn with the process;
    where it doesn't notice, since a machine lost its power, the others soon go on.
    """
    if db.engine.dialect.name != "postgresql":
        yield
        return
    with db.engine.connect() as connection:
        try:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {TURN_PATIENCE_MS}")
            connection.execute(_TURN, {"list_id": str(list_id)})
        except OperationalError:
            connection.rollback()
        yield
