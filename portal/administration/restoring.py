"""A backup comes back: into an empty instance directory and database, SQLite or PostgreSQL.

Everything is looked at before anything is changed. The keys come first and the database last, in one step, so
that a restore that was killed can be repeated.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Connection

from portal import clock, encryption
from portal.administration import archive, backup, copying, schema, snapshots
from portal.administration.archive import DATABASE, KEYS, BadBackup
from portal.administration.running import require_stopped
from portal.administration.snapshots import sqlite_file
from portal.database import db
from portal.files import made_whole
from portal.settings import SettingsError, settings

_CHUNK = 1 << 20


class NotEmpty(Exception):
    """There is something here already that would be lost; the text says what."""


@dataclass(frozen=True)
class Restored:
    manifest: dict[str, Any]
    keys_before: Path | None
    """Where the keys are now that were here before."""


def restore(path: Path, passphrase: str | None) -> Restored:
    """Put a backup's keys and rows here, and bring its schema up to the program's.

    Raises `NotStopped`, `NotEmpty`, `BadBackup`, `backup.NoBackup`, `OSError`, `SQLAlchemyError`,
    `copying.CopyError`.
    """
    require_stopped()
    _require_empty()
    with backup.workspace() as directory:
        manifest = archive.unpack(path, passphrase, directory)
        snapshot = directory / DATABASE
        _check(snapshot, manifest)
        _check_keys(directory)
        with snapshots.engine_of(f"sqlite:///{snapshot}").begin() as connection:
            schema.migrate(connection)
        with _keys_placed(directory / KEYS) as keys_before:
            _place_rows(snapshot)
    encryption.load_keys(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    return Restored(manifest, keys_before)


def _require_empty() -> None:
    file = sqlite_file()
    if file is not None and not file.exists():
        return
    with db.engine.connect() as connection:
        filled = schema.first_with_rows(connection)
    if filled is not None:
        raise NotEmpty(f"the database has rows already (in {filled}); restore into an empty one")


def _check(snapshot: Path, manifest: dict[str, Any]) -> None:
    """Whether this program can go on from there, and all rows are there."""
    try:
        revision, rows = backup.look_at(snapshot)
    except backup.NoBackup as error:
        raise BadBackup(str(error)) from None
    if not schema.known(revision):
        raise BadBackup(f"a newer program made it (migration {revision}); use that one")
    if manifest.get("rows") != rows:
        raise BadBackup("its database has other rows than its manifest says")


def _check_keys(directory: Path) -> None:
    """Whether a portal starts with them."""
    try:
        encryption.keyring_of(directory / KEYS, settings())
    except SettingsError as error:
        told = str(error).replace(f"{directory}/", "")
        raise BadBackup(f"its keys can't be used: {told}") from None


@contextmanager
def _keys_placed(keys: Path) -> Iterator[Path | None]:
    """Put the keys in the place of those that are here, which are kept: they might be another database's.

    Where the block fails, those that were here come back.
    """
    place = settings().instance_dir / KEYS
    before = None
    if place.exists():
        before = place.with_name(f"keys.before-{clock.now():%Y%m%d-%H%M%S-%f}")
        place.rename(before)
    keys.rename(place)
    try:
        yield before
    except BaseException:
        place.rename(keys)
        if before is not None:
            before.rename(place)
        raise


def _place_rows(snapshot: Path) -> None:
    file = sqlite_file()
    db.session.remove()
    db.engine.dispose()
    if file is not None:
        for beside in ("-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        # Copied, since it may stand on another disk than the instance directory.
        with made_whole(file) as placed, snapshot.open("rb") as source:
            shutil.copyfileobj(source, placed, _CHUNK)
        return
    with db.engine.begin() as target:
        snapshots.without_limits(target)
        schema.migrate(target)
        _copy(snapshot, target)


def _copy(snapshot: Path, target: Connection) -> None:
    with snapshots.engine_of(f"sqlite:///{snapshot}").connect() as source:
        copying.copy(source, target)
