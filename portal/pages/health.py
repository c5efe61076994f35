"""Is the portal well? Each part may add a check; ``/healthz`` asks them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db

Check = Callable[[], tuple[bool, str]]
"""Answers whether the part is well, and a few words for whoever runs the portal (no personal data)."""


def init_app(app: Flask) -> None:
    checks = cast(list[tuple[str, Check]], app.extensions.setdefault("portal.health", []))
    checks.append(("database", _database))


def examine() -> dict[str, tuple[bool, str]]:
    """The outcome of every check, by name."""
    checks = cast(list[tuple[str, Check]], current_app.extensions["portal.health"])
    return {name: check() for name, check in checks}


def _database() -> tuple[bool, str]:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False, "unreachable"
    return True, "reachable"
