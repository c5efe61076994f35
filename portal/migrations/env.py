"""Alembic's environment: migrates the database of the current application, or the one it is handed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Literal

from alembic import context
from sqlalchemy import text
from sqlalchemy.types import TypeDecorator

from portal import planner
from portal.database import db


def plain_types(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write down what the column is in the database: a migration must not need today's Python classes."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{type(item.impl_instance).__name__}()"
    return False


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether the models say what this is: procrastinate's tables are its own (revision 0008)."""
    return kind != "table" or name is None or not name.startswith("procrastinate_")


def migrate() -> None:
    given = context.config.attributes.get("connection")
    with db.engine.connect() if given is None else nullcontext(given) as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            include_name=ours,
            render_item=plain_types,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                # One after the other, and each for as long as it takes; but it waits no longer for a table
                # than those who wait behind it can bear.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('migrations', 1))"))
            context.run_migrations()
        if connection.dialect.name == "sqlite":
            planner.inform(connection)
            if given is None:
                connection.commit()


migrate()
