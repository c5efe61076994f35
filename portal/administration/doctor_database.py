"""The database itself: its schema, the promises of the program behind it, and what stands encrypted there."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Column, LargeBinary, Table, inspect, select, text, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from portal import audit_pruning
from portal.administration import doctor, schema
from portal.administration.doctor import Findings, Kind
from portal.administration.doctor_machine import check_clock
from portal.database import Base, db
from portal.encryption import DecryptionError, keyring
from portal.encryption_cli import encrypted_columns
from portal.reasons import why

OLDEST_POSTGRESQL = 130000
SAMPLE = 20
"""Values of each encrypted column that a quick look opens, from its newest rows."""
BATCH = 100
_RESTORE = "stop the portal and restore the last good backup (docs/backup.md)"


def init_app(app: Flask) -> None:
    doctor.add(app, "schema", check_schema, Kind.DATABASE)
    doctor.add(app, "clock", check_clock, Kind.MACHINE)
    doctor.add(app, "database", check_program, Kind.MACHINE)
    doctor.add(app, "encryption", check_sample, Kind.DATABASE)
    doctor.add(app, "database file", check_file, Kind.ROWS)
    doctor.add(app, "encrypted values", check_all_values, Kind.ROWS)


def check_schema(found: Findings) -> str:
    """At the newest migration, with each index and trigger that keeps a promise."""
    try:
        now = schema.revision(db.session.connection())
    except SQLAlchemyError as error:
        found.add(
            f"the database can't be read ({why(error)})",
            "see that it is started and that PORTAL_DATABASE_URL names it; a damaged file has to be restored",
        )
        raise doctor.NoUse from None
    if now != schema.newest():
        found.add(
            f"the database is at migration {now or 'none'}, the program at {schema.newest()}",
            "make a backup, then run flask db upgrade (an older program can't use a newer database)",
        )
        raise doctor.NoUse
    there = inspect(db.session.connection())
    for table in Base.metadata.sorted_tables:
        known = {index["name"] for index in there.get_indexes(table.name)}
        known |= {constraint["name"] for constraint in there.get_unique_constraints(table.name)}
        for index in table.indexes:
            if index.name not in known:
                found.add("the database lacks an index", _RESTORE, index.name)
    if not _has_trigger():
        found.add("nothing keeps the audit trail append-only: its trigger is gone", _RESTORE)
    return f"migration {now}"


def _has_trigger() -> bool:
    if db.engine.dialect.name == "sqlite":
        query, name = "SELECT 1 FROM sqlite_master WHERE name = :name", audit_pruning.SQLITE
    else:
        query = "SELECT 1 FROM pg_trigger WHERE tgname = :name AND tgenabled <> 'D'"
        name = audit_pruning.POSTGRES
    return db.session.execute(text(query), {"name": name}).first() is not None


def check_program(found: Findings) -> str:
    """Settings of the database without which what a student was told might be lost."""
    if db.engine.dialect.name == "sqlite":
        mode = _ask("PRAGMA journal_mode")
        if mode != "wal":
            found.add(f"SQLite's journal mode is {mode}", "keep the database on a local disk: it must be wal")
        return f"SQLite {_ask('SELECT sqlite_version()')}"
    if int(_ask("SHOW server_version_num")) < OLDEST_POSTGRESQL:
        found.add("this PostgreSQL is no longer supported", "upgrade it to a version that is")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if _ask(f"SHOW {name}") == "off":
            found.add(
                "PostgreSQL may lose what it has confirmed",
                "ALTER SYSTEM SET it on, and reload: what students were told must survive a power cut",
                f"{name} = off",
            )
    return f"PostgreSQL {_ask('SHOW server_version')}"


def _ask(question: str) -> str:
    return str(db.session.execute(text(question)).scalar_one())


def check_file(found: Findings) -> str:
    """SQLite's own check of every page, and that no row points to one that is gone."""
    if db.engine.dialect.name != "sqlite":
        return "PostgreSQL checks its own (pg_amcheck, checksums)"
    for (line,) in db.session.execute(text("PRAGMA quick_check(5)")):
        if line != "ok":
            found.add("the database file is damaged", _RESTORE, line)
    for row in db.session.execute(text("PRAGMA foreign_key_check")):
        found.add("a row points to one that is gone", _RESTORE, f"{row[0]} {row[1]}, {row[2]}")
    return "every page and reference fits"


def check_sample(found: Findings) -> str:
    """Whether the keys open what was written last."""
    seen = 0
    for table, column in encrypted_columns():
        (key,) = table.primary_key.columns
        raw = type_coerce(column, LargeBinary)
        newest = select(key, raw).where(raw.is_not(None)).order_by(key.desc()).limit(SAMPLE)
        seen += _open(found, table, column, [tuple(row) for row in db.session.execute(newest)])
    return f"the keys open {seen} of the newest values"


def check_all_values(found: Findings) -> str:
    seen = 0
    for table, column in encrypted_columns():
        (key,) = table.primary_key.columns
        raw = type_coerce(column, LargeBinary)
        query, last = select(key, raw).where(raw.is_not(None)).order_by(key).limit(BATCH), 0
        while rows := [tuple(row) for row in db.session.execute(query.where(key > last))]:
            seen += _open(found, table, column, rows)
            last = rows[-1][0]
    return f"the keys open all {seen}"


def _open(found: Findings, table: Table, column: Column[bytes], rows: list[tuple[int, bytes]]) -> int:
    for identity, sealed in rows:
        try:
            keyring().decrypt(sealed)
        except DecryptionError:
            found.add(
                "no key opens",
                "bring the key back: it stood in keys/encryption of the instance directory or in "
                "PORTAL_ENCRYPTION_KEYS, and stands in a backup of that time",
                f"{table.name}.{column.name} {identity}",
            )
    return len(rows)
