"""Why something failed, in a few words for the log and the command line, without anybody's data."""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, TimeoutError


def why(error: BaseException) -> str:
    """SQLite's own words name no values; PostgreSQL's may, so only the kind of its error is told.

    Without a code it comes from the client's library, and says why the server can't be reached.
    """
    if isinstance(error, DBAPIError) and error.orig is not None:
        if isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None:
            return str(error.orig).partition("\n")[0]
        return str(error.orig) if isinstance(error.orig, sqlite3.Error) else type(error.orig).__name__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, TimeoutError):  # of the pool, in SQLAlchemy's words
        return str(error)
    return type(error).__name__
