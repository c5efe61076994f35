"""The database: `db.session` reads, `with write() as session:` writes.

On SQLite a writing transaction begins with BEGIN IMMEDIATE, so that no update is lost and nobody meets an
instant "locked"; one lock in the process keeps its own threads from starving each other at SQLite's unfair
busy handler. Writing transactions are short: no HTTP, hashing or rendering inside. Where another process
keeps the file locked, one writer waits for it and the others are sent away, so that threads are left to read.

On PostgreSQL writers stand beside each other (READ COMMITTED): who decides by what it has read locks it
first, and always in the order that docs/architecture.md names. What cannot be had in time is an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Engine,
    MetaData,
    NullPool,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from portal.settings import Settings


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class ReadingSession(FlaskSession):
    """`db.session`, which only reads: where its connection was lost, there is nothing to take back."""

    def rollback(self) -> None:
        try:
            super().rollback()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.close()

    def close(self) -> None:
        """At a request's end: an error would replace the answer, which is done, and the session be kept."""
        try:
            super().close()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise


db = SQLAlchemy(model_class=Base, session_options={"autoflush": False, "class_": ReadingSession})

if TYPE_CHECKING:

    class Model(Base):
        """What every table's class derives from."""

        __abstract__ = True
else:
    Model = db.Model

PATIENCE = 10.0
"""Seconds that a writer waits for another process: to give the SQLite file free, or a row of PostgreSQL."""
BRIEFLY = 0.5
"""The same for a write that is not worth waiting for."""
CROWD_PATIENCE = 2.0
"""Seconds of that wait after which no further writer of this process joins it."""


_CONNECTION = {
    "application_name": "mlegitymacja",
    "connect_timeout": 5,
    # A server that has gone without a word is noticed within half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""libpq's parameters; seconds, the last one milliseconds."""
_SESSION = {
    "TimeZone": "UTC",
    "default_transaction_isolation": "read\\ committed",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    # The other way round: the locks of a machine that has gone are free again as soon.
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
}
"""PostgreSQL's settings of each session."""


class DatabaseBusy(DatabaseTimeout):
    """Another process keeps the database locked, and somebody of this one waits for it already."""


class _Writer:
    """The one writer of this process."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waits_since: float | None = None

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Raises `DatabaseBusy` where there is no turn to be had in time."""
        since = time.monotonic()
        while not self._turn.acquire(timeout=min(patience, 0.1)):
            if self._stuck() or time.monotonic() - since > patience:
                raise DatabaseBusy("another process keeps the database locked")
        try:
            yield
        finally:
            self._turn.release()

    def begin(self, connection: Connection, patience: float) -> None:
        """BEGIN IMMEDIATE, which waits for other processes."""
        self._waits_since = time.monotonic()
        try:
            if patience != PATIENCE:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={round(patience * 1000)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            self._waits_since = None
            if patience != PATIENCE:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={round(PATIENCE * 1000)}")

    def _stuck(self) -> bool:
        since = self._waits_since
        return since is not None and time.monotonic() - since > CROWD_PATIENCE


_writer = _Writer()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. A naive one is refused: nobody could tell what it means."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


def init_app(app: Flask, settings: Settings) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": not settings.database.startswith("sqlite"),
        # Above the server's threads: a connection beyond it would be opened and closed by every request.
        "pool_size": 20,
        "connect_args": connect_args(make_url(settings.database)),
        "hide_parameters": True,  # an exception's text must not carry anybody's data into a log
    }
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver's own transactions would begin deferred and lose updates: ours are begun below.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={round(PATIENCE * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        patience = connection.get_execution_options().get("portal_writer")
        if patience is None:
            connection.exec_driver_sql("BEGIN")
        else:
            _writer.begin(connection, patience)


def connect_args(url: URL) -> dict[str, Any]:
    """How connections to this database are opened. On PostgreSQL what the URL itself says goes before."""
    if url.get_backend_name() != "postgresql":
        return {}
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    ours = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    return {**ours, "options": f"{session} {url.query.get('options', '')}".rstrip()}


def unpooled(url: str | URL) -> Engine:
    """An engine whose connections are their user's own, and are never in a transaction."""
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args=connect_args(make_url(url)),
    )


def in_turn(session: Session, name: str) -> None:
    """Have all transactions that ask for this name go one after the other, from here to their ends.

    For what is rare and changes many rows. SQLite's writers do so anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": name})


@contextmanager
def write(patience: float = PATIENCE) -> Iterator[Session]:
    """One writing transaction: committed at the end of the block, rolled back on any exception.

    Needs an application context. What `db.session` had read before is read anew afterwards. Its connection is
    given back before: those who wait for the one writer would hold the whole pool, and the writer find none.
    `patience`: seconds to wait for other writers; less where the write is no matter to wait for.
    """
    engine = db.engine
    db.session.rollback()
    if engine.dialect.name != "sqlite":
        with Session(engine, expire_on_commit=False) as session, session.begin():
            if patience != PATIENCE:
                session.execute(text(f"SET LOCAL lock_timeout = {round(patience * 1000)}"))
            yield session
    else:
        writing = engine.execution_options(portal_writer=patience)
        with (
            _writer.turn(patience),
            Session(writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
    db.session.rollback()
