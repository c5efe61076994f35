"""Migrations and models say the same; the newest migration can be taken back."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from portal.database import Base, db


def differences() -> list[object]:
    """What alembic would change, but for triggers and partial indexes, which it doesn't see."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_the_migrated_database_is_what_the_models_say(app: Flask) -> None:
    with app.app_context():
        assert differences() == []


def test_the_tables_of_the_usos_api_can_be_taken_back(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="0005")
        assert not [name for name in inspect(db.engine).get_table_names() if name.startswith("usosapi")]
        upgrade()
        assert differences() == []
