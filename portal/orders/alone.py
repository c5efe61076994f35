"""One of its kind among all processes: of an instance directory on SQLite, of the database on PostgreSQL.

SQLite has one machine, and a lock file will do. On PostgreSQL an advisory lock of a session holds on every
machine; the server gives it up when the session ends, however that comes about. Where two of a kind run for a
moment, nothing is lost or done twice: what they do is claimed row by row. They would be in each other's way.
"""

from __future__ import annotations

import fcntl
import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, cast

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import unpooled
from portal.orders.pulse import Pulse
from portal.settings import Settings

ASK_AGAIN_AFTER = 0.5
"""Seconds."""

_TAKE = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_log = logging.getLogger(__name__)


class Held(AbstractContextManager["Held"], Protocol):
    """A held lock, given up at the end of its block. To be asked by one thread at a time."""

    def still_held(self) -> bool:
        """False once it is lost: the database server was restarted, or can't be reached. Asks the server."""


class _Lock(Held, Protocol):
    def take(self) -> bool:
        """Whether it is held now. Raises `SQLAlchemyError` where nobody could be asked."""


class _File:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def still_held(self) -> bool:
        return True

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()


class _Advisory:
    """On a connection of its own: one from the pool would take the lock along to whoever comes next."""

    def __init__(self, url: str, name: str) -> None:
        self._engine = unpooled(url)
        self._name = {"name": f"mlegitymacja {name}"}
        self._connection: Connection | None = None

    def take(self) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            return bool(self._connection.scalar(_TAKE, self._name))
        except SQLAlchemyError:
            self._hang_up()
            raise

    def still_held(self) -> bool:
        """A connection that answers is the one that took the lock: another one is never opened unnoticed."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> _Advisory:
        return self

    def __exit__(self, *_error: object) -> None:
        self._hang_up()


def hold(app: Flask, name: str, heart: Pulse, does: str) -> Held | None:
    """The lock of this name, once it is held; waits while another process (one being replaced, say) has it.

    None where the process ends first. `does` says what the other one does, for the log.
    """
    lock = _lock(cast(Settings, app.extensions["portal.settings"]), name)
    told = ""
    while not heart.ending:
        obstacle = _obstacle(lock, does)
        if not obstacle:
            return lock
        if obstacle != told:
            _log.warning("%s; this one waits", obstacle)
            told = obstacle
        heart.wait(ASK_AGAIN_AFTER)
    lock.__exit__(None, None, None)
    return None


def _lock(settings: Settings, name: str) -> _Lock:
    if settings.database.startswith("sqlite"):
        return _File(settings.instance_dir / f"{name}.lock")
    return _Advisory(settings.database, name)


def _obstacle(lock: _Lock, does: str) -> str:
    """Why the lock is not held now; empty where it is."""
    try:
        return "" if lock.take() else f"another process {does} already"
    except SQLAlchemyError:
        return f"whether another process {does} can't be asked, since the database does not answer"
