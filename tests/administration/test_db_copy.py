"""`flask db copy`: a department moves into PostgreSQL, or back, every row of it, or nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import text

from portal import create_app
from portal.administration import copying
from portal.database import db, write
from portal.orders import issuance
from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.support.doctor import well
from tests.support.lived_in import COLLECTED, REVOKED, Department, live_a_little
from tests.support.people import make_student
from tests.support.wallet import FlaskHttp, Wallet


@pytest.fixture
def department(app: Flask, clock: MovingClock) -> Department:
    """On SQLite, in the instance directory."""
    department = live_a_little(app, clock)
    with app.app_context():
        db.engine.dispose()
    return department


@pytest.fixture
def grown(instance: Path, postgres_url: str, clock: MovingClock) -> Iterator[Flask]:
    """The same instance directory, with an empty PostgreSQL."""
    app = create_app(make_settings(instance, database_url=postgres_url), time=clock)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def copy(to: Flask, source: str) -> Result:
    return to.test_cli_runner().invoke(args=["db", "copy", source])


def rows(app: Flask, table: str) -> int:
    with app.app_context():
        return db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_department_moves_with_every_row(
    settings: Settings, department: Department, grown: Flask, clock: MovingClock
) -> None:
    result = copy(grown, settings.database)
    assert result.exit_code == 0, result.output
    assert "Copied and compared: " in result.output
    assert well(grown)
    wallet = Wallet(FlaskHttp(grown), clock=lambda: clock.now().timestamp())
    assert [wallet.status(department.cards[album]) for album in (COLLECTED, REVOKED)] == [0, 1]
    # New rows get keys that nobody has.
    make_student(grown, "200001")
    with grown.app_context():
        assert issuance.issue_due() == 1


@pytest.mark.usefixtures("department")
def test_it_moves_back_too(
    settings: Settings, grown: Flask, postgres_url: str, empty_instance: Path, tmp_path: Path
) -> None:
    assert copy(grown, settings.database).exit_code == 0
    with (tmp_path / "back.sqlite").open("wb") as file:
        file.write((empty_instance / "portal.sqlite").read_bytes())
    back = create_app(
        make_settings(settings.instance_dir, database_url=f"sqlite:///{tmp_path / 'back.sqlite'}")
    )
    result = copy(back, postgres_url)
    assert result.exit_code == 0, result.output
    assert well(back)
    with back.app_context():
        db.engine.dispose()


@pytest.mark.usefixtures("department")
def test_tables_that_are_not_the_portals_are_left_out(app: Flask, settings: Settings, grown: Flask) -> None:
    with app.app_context(), write() as session:
        session.execute(text("CREATE TABLE somebodys_notes (id integer)"))
    result = copy(grown, settings.database)
    assert result.exit_code == 0, result.output
    assert "somebodys_notes: left out" in result.output


@pytest.mark.usefixtures("department")
def test_a_target_with_rows_is_refused(settings: Settings, grown: Flask) -> None:
    make_student(grown, "200001")
    result = copy(grown, settings.database)
    assert result.exit_code == 1
    assert "Nothing was copied: the target has rows already" in result.output


@pytest.mark.usefixtures("department")
def test_a_source_of_another_release_is_refused(app: Flask, settings: Settings, grown: Flask) -> None:
    with app.app_context(), write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0006'"))
    result = copy(grown, settings.database)
    assert result.exit_code == 1
    assert "the source is at migration 0006" in result.output


def test_a_file_that_is_not_there_is_not_made(grown: Flask, tmp_path: Path) -> None:
    result = copy(grown, f"sqlite:///{tmp_path / 'typo.sqlite'}")
    assert f"Nothing was copied: there is no file {tmp_path / 'typo.sqlite'}." in result.output
    assert not (tmp_path / "typo.sqlite").exists()


@pytest.mark.usefixtures("department")
def test_broken_off_it_leaves_nothing_and_can_be_repeated(
    settings: Settings, grown: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(copying, "_go_on_counting", lambda *_: 1 / 0)
        assert isinstance(copy(grown, settings.database).exception, ZeroDivisionError)
    assert rows(grown, "orders") == 0
    assert copy(grown, settings.database).exit_code == 0


@pytest.mark.usefixtures("department")
def test_a_row_that_arrives_changed_is_noticed(settings: Settings, grown: Flask) -> None:
    with grown.app_context(), write() as session:
        session.execute(
            text(
                "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.surname := 'Inna'; RETURN NEW; END $$"
            )
        )
        session.execute(
            text("CREATE TRIGGER spoil BEFORE INSERT ON students FOR EACH ROW EXECUTE FUNCTION spoil()")
        )
    result = copy(grown, settings.database)
    assert "Nothing was copied: the rows of students are not the same on both sides." in result.output
    assert rows(grown, "students") == 0
