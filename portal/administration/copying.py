"""Every row from one database into another, SQLite or PostgreSQL, checked row by row afterwards.

All in one transaction of the target: killed at any moment it leaves nothing there. Both stand at the same
migration; which tables and columns there are is read from the databases themselves, so that an older one can
be copied too. Rows pass by in batches, since photos are large.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, Table, func, insert, select, text

from portal.administration import schema

ROWS = 1000
LARGE_ROWS = 200
"""Rows of a batch, where they hold photos or what is sealed with one."""
_MODULUS = 2**256

Progress = Callable[[str], None]


class CopyError(Exception):
    """The databases don't fit each other; the text says how. Nothing was copied."""


@dataclass(frozen=True)
class Sum:
    """How many rows a table has, and a digest over all of them in which their order does not count."""

    rows: int
    digest: int


def copy(source: Connection, target: Connection, tell: Progress = lambda _line: None) -> dict[str, int]:
    """Copy all rows, in the caller's transactions; how many of each table. What else somebody keeps in the
    source, beside the tables that the target has, is left out.

    Raises `CopyError` where the databases don't stand at the same migration, the target has rows, or does not
    have the very rows of the source afterwards.
    """
    _compare_schemas(source, target)
    before, after = schema.tables(source).tables, schema.tables(target)
    if missing := after.tables.keys() - before.keys():
        raise CopyError(f"the source lacks {', '.join(sorted(missing))}")
    for name in sorted(before.keys() - after.tables.keys()):
        tell(f"{name}: left out, since no migration made it")
    sums: dict[str, Sum] = {}
    if target.dialect.name == "sqlite":
        target.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    for table in after.sorted_tables:
        sums[table.name] = _copy_table(source, before[table.name], target, table)
        tell(f"{table.name}: {sums[table.name].rows}")
    for table in after.sorted_tables:
        if _sum(_read(target, table)) != sums[table.name]:
            raise CopyError(f"the rows of {table.name} are not the same on both sides")
    if target.dialect.name == "postgresql":
        for table in after.sorted_tables:
            _go_on_counting(target, table)
    return {name: one.rows for name, one in sums.items()}


def _compare_schemas(source: Connection, target: Connection) -> None:
    there, here = schema.revision(source), schema.revision(target)
    if there is None or there != here:
        raise CopyError(f"the source is at migration {there or 'none'}, the target at {here or 'none'}")
    filled = schema.first_with_rows(target)
    if filled is not None:
        raise CopyError(f"the target has rows already (in {filled})")


def _copy_table(source: Connection, before: Table, target: Connection, after: Table) -> Sum:
    total = Sum(0, 0)
    names = [column.name for column in after.columns]
    for rows in _read(source, before, names):
        target.execute(insert(after), [dict(zip(names, row, strict=True)) for row in rows])
        total = _added(total, rows)
    return total


def _read(
    connection: Connection, table: Table, names: Sequence[str] | None = None
) -> Iterator[Sequence[Row[Any]]]:
    """The rows in batches, in the order of the primary key: what points to an older row comes after it."""
    columns = [table.columns[name] for name in names or table.columns.keys()]
    large = any(isinstance(column.type, LargeBinary) for column in columns)
    query = select(*columns).order_by(*table.primary_key.columns)
    # PostgreSQL keeps the rest on its side meanwhile, so that not all of it comes at once.
    batch = {"yield_per": LARGE_ROWS if large else ROWS}
    with connection.execute(query, execution_options=batch) as found:
        yield from found.partitions()


def _sum(batches: Iterator[Sequence[Row[Any]]]) -> Sum:
    total = Sum(0, 0)
    for rows in batches:
        total = _added(total, rows)
    return total


def _added(total: Sum, rows: Sequence[Row[Any]]) -> Sum:
    digest = sum((_digest(row) for row in rows), total.digest)
    return Sum(total.rows + len(rows), digest % _MODULUS)


def _digest(row: Row[Any]) -> int:
    """Of the row's values as they mean the same in any database."""
    hashed = hashlib.sha256()
    for value in row:
        kind, content = _plain(value)
        hashed.update(b"%s%d:" % (kind, len(content)))
        hashed.update(content)
    return int.from_bytes(hashed.digest())


def _plain(value: object) -> tuple[bytes, bytes | memoryview]:
    match value:
        case None:
            return b"n", b""
        case bool() | int():
            return b"i", str(int(value)).encode()
        case str():
            return b"s", value.encode()
        case bytes() | memoryview():
            return b"b", value
        case datetime() | date():
            return b"t", value.isoformat().encode()
        case _:
            return b"j", json.dumps(value, sort_keys=True).encode()


def _go_on_counting(target: Connection, table: Table) -> None:
    """The next key that PostgreSQL gives out comes after those that were copied."""
    for key in table.primary_key.columns:
        name = target.dialect.identifier_preparer.format_table(table)
        sequence = target.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": name, "column": key.name}
        )
        if sequence is not None:
            newest = target.scalar(select(func.max(key)))
            if newest is not None:
                target.execute(text("SELECT setval(:name, :value)"), {"name": sequence, "value": newest})
