"""The database's schema: at which migration it stands, and how it gets to another one."""

from __future__ import annotations

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Connection, MetaData, inspect, text

NOT_OURS = "procrastinate_"
"""How the names of tables begin that a library keeps for itself."""
_VERSION = "alembic_version"


def newest() -> str:
    """The migration that this program needs."""
    (head,) = _scripts().get_heads()
    return head


def known(revision: str) -> bool:
    """Whether this program has that migration, so that it can go on from there."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None: none was ever made."""
    heads = MigrationContext.configure(connection).get_current_heads()
    return ", ".join(sorted(heads)) or None


def migrate(connection: Connection, to: str = "head") -> None:
    """Upgrade that database, in its transaction."""
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def tables(connection: Connection) -> MetaData:
    """The portal's own tables as they are there, whatever the program would have them be."""
    found = MetaData()
    ours = [
        name
        for name in inspect(connection).get_table_names()
        if name != _VERSION and not name.startswith(NOT_OURS)
    ]
    if ours:
        found.reflect(connection, only=ours)
    return found


def first_with_rows(connection: Connection) -> str | None:
    """The name of a table that has rows; None: the database is empty."""
    for table in tables(connection).sorted_tables:
        name = connection.dialect.identifier_preparer.format_table(table)
        if connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() is not None:  # noqa: S608
            return table.name
    return None


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(current_app.extensions["migrate"].directory))
