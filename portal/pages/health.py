"""Is the portal well? Each part may add a check.

``/healthz`` asks them all, ``/healthz/ready`` those that decide whether this process can serve students now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import cast

from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db
from portal.encryption import DecryptionError, keyring
from portal.settings import ROOT

Check = Callable[[], tuple[bool, str]]
"""Answers whether the part is well, and a few words for whoever runs the portal (no personal data)."""
Outcome = dict[str, tuple[bool, str]]
_ALL = "portal.health"
_DATABASE = "database"
READY = (_DATABASE, "migrations", "keys", "issuer's key")
"""Without these no page can be served; the others may fail while the pages go on."""


def init_app(app: Flask) -> None:
    checks = cast(list[tuple[str, Check]], app.extensions.setdefault(_ALL, []))
    checks.extend(((_DATABASE, _database), ("migrations", _migrations), ("keys", _keys)))


def examine(names: Iterable[str] | None = None) -> Outcome:
    """The outcome of every check, by name; or of these alone. Nothing else is asked of a lost database."""
    checks = dict(cast(list[tuple[str, Check]], current_app.extensions[_ALL]))
    first = {_DATABASE: checks.pop(_DATABASE)()}
    if not first[_DATABASE][0]:
        return first
    return first | {name: check() for name, check in checks.items() if names is None or name in names}


def _database() -> tuple[bool, str]:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False, "unreachable"
    return True, "reachable"


def _migrations() -> tuple[bool, str]:
    """Well: at this program's head, or beyond it, as while processes of a new release start one by one."""
    try:
        is_at = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        db.session.rollback()
        return False, "unknown"
    known = _revisions()
    if is_at == known[0]:
        return True, "at head"
    if is_at in known:
        return False, f"at {is_at}, not at {known[0]}: run  flask db upgrade"
    return is_at is not None, "the database is newer than this program" if is_at else "none"


@cache
def _revisions() -> tuple[str, ...]:
    """The revisions that this program knows, its head first."""
    scripts = ScriptDirectory(str(ROOT / "portal" / "migrations"))
    return tuple(script.revision for script in scripts.walk_revisions())


def _keys() -> tuple[bool, str]:
    try:
        ring = keyring()
        ring.decrypt(ring.encrypt(b"well?"))
    except (OSError, ValueError, DecryptionError):
        return False, "the encryption keys cannot be read"
    return True, "readable"
