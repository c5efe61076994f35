"""Status lists as verifiers get them: made once for each change or every few minutes, for all processes.

A signed list is kept in the database under its list's version, which a revocation raises in its own
transaction: whoever asks after that gets a new list, and everybody gets the same one. Each process also keeps
what it served last in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from flask import current_app
from sqlalchemy import Row, select, text
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.database import db, write
from portal.issuer import copies, signed_lists
from portal.issuer.models import SignedStatusList, StatusList
from portal.issuer.signed_lists import SignedList
from portal.issuer.urls import status_list_uri
from portal.settings import settings

FRESH = timedelta(minutes=10)
"""A list is signed anew after this, so that caches always have some minutes of its `ttl` left."""
AHEAD = timedelta(seconds=10)
"""So far the clock of the machine that signed may be ahead of this one's."""
TURN_PATIENCE_MS = 2_000
"""Milliseconds that a process waits while another one signs, which takes about five."""
_TRIES = 10
_STANDING = select(
    StatusList.version, SignedStatusList.version.label("signed_version"), SignedStatusList.etag
).outerjoin(SignedStatusList, SignedStatusList.list_id == StatusList.id)
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('mlegitymacja status list ' || :list_id, 0))")

Standing = Row[int, int | None, str | None]
"""A list's version, and which signed list there is."""


class Busy(Exception):
    """The list changed faster than it could be signed."""


class Publisher:
    """The signed lists that this process served last, and how it comes by others."""

    def __init__(self) -> None:
        self._lists: dict[int, SignedList] = {}
        self._turns: dict[int, threading.Lock] = {}

    def get(self, list_id: int) -> SignedList | None:
        """The list as it is now, or None where there is no such list. Raises `Busy`."""
        standing = _standing(list_id)
        if standing is None:
            return None
        if known := self._known(list_id, standing):
            return known
        with self._turns.setdefault(list_id, threading.Lock()), _turn(list_id):
            for _ in range(_TRIES):
                db.session.rollback()  # what is read below must not be older than this moment
                standing = _standing(list_id)
                if standing is None:
                    return None
                if known := self._known(list_id, standing):
                    return known
                signed = _sign(list_id, standing.version)
                if keep(list_id, signed):
                    self._lists[list_id] = signed
                    return signed
        raise Busy

    def _known(self, list_id: int, standing: Standing) -> SignedList | None:
        """The signed list that everybody is served, if it is still good."""
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
        young = -AHEAD <= clock.now() - known.issued_at < FRESH
        return known if young and known.uri == status_list_uri(settings(), list_id) else None


def publisher() -> Publisher:
    return cast(Publisher, current_app.extensions["portal.issuer.status_lists"])


def keep(list_id: int, signed: SignedList) -> bool:
    """Have everybody served this; False where the list has changed since, so that nobody may be."""
    with write() as session:
        if not copies.publish(session, list_id, signed.version, signed.expires_at):
            return False
        session.merge(
            SignedStatusList(list_id=list_id, version=signed.version, etag=signed.etag, token=signed.token)
        )
    return True


def _standing(list_id: int) -> Standing | None:
    return db.session.execute(_STANDING.where(StatusList.id == list_id)).one_or_none()


def _sign(list_id: int, version: int) -> SignedList:
    """Whatever was signed last shows the bits up to its version: only what is new is read besides."""
    last = db.session.execute(
        select(SignedStatusList.version, SignedStatusList.token).where(SignedStatusList.list_id == list_id)
    ).one_or_none()
    if last is None:
        packed = signed_lists.encode(copies.revoked_indexes(list_id, 0, version))
    else:
        new = copies.revoked_indexes(list_id, last.version, version)
        packed = signed_lists.encode(new, signed_lists.packed_of(last.token))
    return signed_lists.sign(status_list_uri(settings(), list_id), version, packed)


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
