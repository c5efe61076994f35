"""Reading a database that is in use as it stood at one instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, NullPool, create_engine, event, make_url, text

from portal.database import connect_args
from portal.settings import settings

_UNLIMITED = ("statement_timeout", "idle_in_transaction_session_timeout")


def sqlite_file() -> Path | None:
    """The portal's database where it is such a file."""
    url = make_url(settings().database)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def options(dialect: Dialect) -> dict[str, Any]:
    """The execution options that a connection needs before `begin`."""
    if dialect.name != "postgresql":
        return {}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def begin(connection: Connection) -> None:
    """Whatever this connection reads until its transaction ends stood in the database at this instant."""
    if connection.dialect.name == "postgresql":
        without_limits(connection)
        connection.execute(text("SELECT 1"))
    else:
        connection.execute(text("SELECT count(*) FROM sqlite_master"))


def without_limits(connection: Connection) -> None:
    """Let this transaction last: reading every row takes longer than anything that a page waits for."""
    if connection.dialect.name == "postgresql":
        for name in _UNLIMITED:
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")


def engine_of(url: str) -> Engine:
    """An engine for a database beside the portal's own. It changes no setting of an SQLite file."""
    parsed = make_url(url)
    engine = create_engine(
        parsed, poolclass=NullPool, hide_parameters=True, connect_args=connect_args(parsed)
    )
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None

        @event.listens_for(engine, "begin")
        def begin_at_once(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    return engine
