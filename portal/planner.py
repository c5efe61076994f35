"""What SQLite's planner is told of the tables: that they are large, with few words for a status.

Without statistics it takes ten rows for any key of any index. So `id IN (20 ids) AND status = 'live'` would
read all that is live, hundreds of thousands of rows inside a writing transaction. Statistics of today's rows
would be wrong again once a portal has grown, so these are made up and hold from the first day; plans that
fit a large portal do a small one no harm. SQLite documents its table of them as writable for this purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

ROWS = 1_000_000
A_WORD = ROWS // 10
"""Rows that have the same word, or share an instant that is empty for most."""
A_KEY = 5
"""Rows that belong to the same student, order or card."""
WORDS = frozenset(
    {
        "status",
        "role",
        "kind",
        "event",
        "actor",
        "at",
        "list_id",
        "kid",
        "due_at",
        "remind_at",
        "left_at",
        "created_at",
        "expires_at",
        "retired_at",
        "revoked_at",
        "revoked_in",
        "seen_at",
        "valid_until",
        "voided_at",
    }
)
"""Columns in which many rows hold the same."""


def inform(connection: Connection) -> None:
    """Write them down for the indexes that there are now; connections that are open learn of it later."""
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # makes the table, where it isn't there
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    for row in list(_indexes(connection)):
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", row)
    connection.exec_driver_sql("ANALYZE sqlite_schema")


def _indexes(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Each index with its statistics: all rows, then how many share the first column, the first two, …"""
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    for table in connection.exec_driver_sql(tables).scalars().all():
        for index in connection.exec_driver_sql(f'PRAGMA index_list("{table}")').all():
            columns = connection.exec_driver_sql(f'PRAGMA index_info("{index.name}")').all()
            shared = _shared([column.name for column in columns], unique=bool(index.unique))
            yield table, index.name, " ".join(map(str, (ROWS, *shared)))


def _shared(columns: Sequence[str | None], *, unique: bool) -> list[int]:
    rows, shared = ROWS, []
    for column in columns:
        rows = max(1, min(rows // 10, A_WORD if column in WORDS else A_KEY))
        shared.append(rows)
    return [*shared[:-1], 1] if unique else shared
