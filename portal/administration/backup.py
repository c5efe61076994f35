"""One file with everything that can't be made again: the database at one instant, and the keys.

The portal may run meanwhile. Settings are not in it, but the encryption keys are, also where they come from a
setting: without them a backup opens nothing.
"""

from __future__ import annotations

import fcntl
import secrets
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from portal import clock
from portal.administration import archive, copying, schema, snapshots
from portal.administration.archive import DATABASE, FORMAT, KEYS, Writer
from portal.database import db
from portal.files import made_whole, private_directory, write_private
from portal.settings import ROOT, settings

WORK = ".backup"
"""How the directories begin, in the instance directory, that hold what is on its way into or out of one."""


class NoBackup(Exception):
    """The text says why there is none."""


@dataclass(frozen=True)
class Made:
    size: int
    revision: str
    rows: int


def make(path: Path, passphrase: str | None) -> Made:
    """Write the backup; encrypted where there is a passphrase.

    Killed at any moment it leaves no half file of that name. Raises `NoBackup`, `OSError`, `SQLAlchemyError`,
    `copying.CopyError`.
    """
    with workspace() as directory:
        snapshot = directory / DATABASE
        take_snapshot(snapshot)
        revision, counts = look_at(snapshot)
        manifest = _manifest(revision, counts)
        with made_whole(path) as file:
            if passphrase is None:
                _write(Writer(file), directory, manifest)
            else:
                with archive.encrypted(file, passphrase) as out:
                    _write(Writer(out), directory, manifest)
    return Made(path.stat().st_size, revision, sum(counts.values()))


@contextmanager
def workspace() -> Iterator[Path]:
    """A private directory for a while; one at a time, and what a killed command has left is removed."""
    instance = settings().instance_dir
    private_directory(instance)
    with (instance / f"{WORK}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NoBackup("another backup or restore is under way") from None
        for left in instance.glob(f"{WORK}-*"):
            shutil.rmtree(left)
        directory = instance / f"{WORK}-{secrets.token_hex(8)}"
        directory.mkdir(mode=0o700)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def take_snapshot(path: Path) -> None:
    """The database as it is at this instant, as an SQLite file."""
    source = snapshots.sqlite_file()
    if source is not None:
        if not source.is_file():
            raise NoBackup("there is no database yet")
        _copy_file(source, path)
        return
    with db.engine.connect().execution_options(**snapshots.options(db.engine.dialect)) as running:
        snapshots.begin(running)
        revision = schema.revision(running)
        if revision is None:
            raise NoBackup("there is no database yet")
        with snapshots.engine_of(f"sqlite:///{path}").begin() as kept:
            schema.migrate(kept, revision)
            copying.copy(running, kept)


def _copy_file(source: Path, path: Path) -> None:
    try:
        with closing(sqlite3.connect(source, timeout=10)) as running, closing(sqlite3.connect(path)) as kept:
            running.backup(kept)
            kept.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:  # a full disk, or a damaged file, in SQLite's own words
        raise NoBackup(f"the database can't be copied ({error})") from None


def look_at(snapshot: Path) -> tuple[str, dict[str, int]]:
    """The file's migration and how many rows its tables have. Raises `NoBackup` where it is damaged."""
    with snapshots.engine_of(f"sqlite:///{snapshot}").connect() as connection:
        damage = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        revision = schema.revision(connection)
        if damage != "ok" or revision is None:
            raise NoBackup("the database is damaged, or none of this program's: see flask doctor")
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.tables(connection).sorted_tables
        }
    return revision, counts


def _manifest(revision: str, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": clock.now().isoformat(timespec="seconds"),
        "program": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "revision": revision,
        "from": db.engine.dialect.name,
        "base_url": settings().base_url,
        "rows": counts,
    }


def _write(writer: Writer, directory: Path, manifest: dict[str, Any]) -> None:
    writer.add(DATABASE, directory / DATABASE)
    keys = settings().instance_dir / "keys"
    files = {f"{KEYS}{path.relative_to(keys)}": path for path in sorted(keys.rglob("*")) if _is_key(path)}
    if settings().encryption_keys:
        given = directory / "encryption"
        write_private(given, "\n".join(settings().encryption_keys) + "\n")
        files[f"{KEYS}encryption"] = given
    for name, path in files.items():
        writer.add(name, path)
    writer.close(manifest)


def _is_key(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix != ".lock"
