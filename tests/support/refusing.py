"""A database that refuses to write certain rows, as if its disk were full at that very moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from portal.database import db

_PROCEDURE = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE 'disk full' USING ERRCODE = 'disk_full'; END $$"
)


@contextmanager
def refusing(step: str, table: str, condition: str = "true") -> Iterator[None]:
    """Within the block `step` (``INSERT``, ``UPDATE``) of a row that fulfils `condition` fails.

    Needs an application context.
    """
    name = f"CREATE TRIGGER refusing BEFORE {step} ON {table}"
    if db.engine.dialect.name == "sqlite":
        made = [f"{name} WHEN {condition} BEGIN SELECT RAISE(FAIL, 'disk full'); END"]
        undone = ["DROP TRIGGER refusing"]
    else:
        made = [_PROCEDURE, f"{name} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse()"]
        undone = [f"DROP TRIGGER refusing ON {table}", "DROP FUNCTION refuse"]
    _run(made)
    yield
    _run(undone)


def _run(statements: list[str]) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
