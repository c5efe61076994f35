"""Whether an error of the database passes by itself: it is locked, its disk is full, it is gone for a while.

Who meets one says so and tries again later; nothing is broken.
"""

from __future__ import annotations

import sqlite3

from psycopg import errors
from sqlalchemy import exc as sql

_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)
_PASSING_AS_WELL = (
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,  # a standby, on its way to take over
    errors.InterfaceError,  # of a connection that was lost before
)
"""Of PostgreSQL; the driver counts them as no operational errors."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the database can't be reached or written just now: locked, full, gone."""
    # The latter where somebody went on reading after the connection was lost.
    if isinstance(error, sql.TimeoutError | sql.PendingRollbackError):
        return True
    if isinstance(error, sql.DBAPIError) and isinstance(error.orig, _PASSING_AS_WELL):
        return True
    if not isinstance(error, sql.OperationalError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        # The lower byte: SQLITE_IOERR and its kin have extended codes.
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _PASSING
    return True
