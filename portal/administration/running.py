"""Whether a portal, or a command of it, uses the database whose place another one is to take."""

from __future__ import annotations

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from portal.administration.snapshots import sqlite_file
from portal.database import db
from portal.settings import settings

_OTHERS = text(
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = current_setting('application_name') AND pid <> pg_backend_pid() LIMIT 1"
)
_STOP = "another process has the database open: stop the portal and its commands first"


class NotStopped(Exception):
    """Something runs that would go on with what was there before; the text says what."""


def require_stopped() -> None:
    """Raises `NotStopped`, and `SQLAlchemyError` where PostgreSQL can't be asked.

    What of the portal is one of a kind holds a lock file in the instance directory. What is not has the
    database open, unless it has never asked it for anything.
    """
    for path in sorted(settings().instance_dir.glob("[!.]*.lock")):
        if _held(path):
            raise NotStopped(f"a portal runs here (it holds {path.name}): stop it first")
    file = sqlite_file()
    if _in_use() if file is None else _open_elsewhere(file):
        raise NotStopped(_STOP)


def _held(path: Path) -> bool:
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _in_use() -> bool:
    with db.engine.connect() as connection:
        return connection.execute(_OTHERS).first() is not None


def _open_elsewhere(file: Path) -> bool:
    """Nobody else may have it open for a moment, and each of them is noticed, whether it reads or not."""
    if not file.exists():
        return False
    db.session.remove()
    db.engine.dispose()
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
        except sqlite3.DatabaseError:
            return False  # damaged: who reads it next says so
    return False
