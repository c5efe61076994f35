"""Migrations and models say the same; the newest migration can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from procrastinate.schema import SchemaManager
from sqlalchemy import inspect, text

from portal import create_app
from portal.database import Base, db
from tests.conftest import make_settings

MIGRATIONS = Path(__file__).resolve().parents[1] / "portal" / "migrations"


@pytest.fixture
def on_postgresql(instance: Path, postgres_url: str) -> Iterator[None]:
    app = create_app(make_settings(instance, database_url=postgres_url))
    with app.app_context():
        yield
        db.engine.dispose()


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


def test_on_postgresql_the_models_say_the_same(on_postgresql: None) -> None:
    check()


def test_on_postgresql_all_can_be_taken_back_and_made_anew(on_postgresql: None) -> None:
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    upgrade()
    check()


def test_the_tables_of_procrastinate_can_be_taken_back(on_postgresql: None) -> None:
    downgrade(revision="0007")
    names = "SELECT relname FROM pg_class UNION SELECT proname FROM pg_proc UNION SELECT typname FROM pg_type"
    left = db.session.scalars(text(f"SELECT * FROM ({names}) AS n WHERE relname LIKE '%procrastinate%'"))
    assert left.all() == []
    db.session.rollback()
    upgrade()
    check()


def test_the_migrations_know_the_schema_of_the_installed_procrastinate() -> None:
    """If not: docs/architecture.md, "Workers", says what to write."""
    revisions = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    known = max(getattr(revision.module, "PROCRASTINATE", "") for revision in revisions)
    there = max(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert known == there
