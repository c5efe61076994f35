"""The database file of a server in a process of its own, as another program sees it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal import create_app
from portal.database import db
from portal.orders import CardEvents
from portal.settings import load
from tests.support.doctor import problems
from tests.support.elsewhere import Elsewhere
from tests.support.server import Server


def ask(instance: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement, committed; what it found."""
    connection = sqlite3.connect(instance / "portal.sqlite", timeout=10, isolation_level=None)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


@contextmanager
def locked(instance: Path) -> Iterator[None]:
    """Another program has begun a write, and takes its time."""
    connection = sqlite3.connect(instance / "portal.sqlite", timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def what_is_wrong(server: Server) -> list[str]:
    """What `flask doctor` finds in the server's database, with the server's issuer."""
    app = create_app(load(server.environ))
    if "TEST_ISSUER" in server.environ:
        with app.app_context():
            app.extensions["portal.orders.issuer"] = Elsewhere(server.environ["TEST_ISSUER"], CardEvents())
    found = problems(app)
    with app.app_context():
        db.engine.dispose()
    return found
