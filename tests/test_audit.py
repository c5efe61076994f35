"""The audit trail: nobody changes it, old rows go only by `flask audit prune`, and that is told."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import audit_pruning, create_app
from portal.audit import Actor, AuditRecord
from portal.clock import months_ago
from portal.database import db, write
from portal.settings import Settings
from tests.conftest import START, MovingClock

TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit' ORDER BY name"
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
OLD, NEW = START - timedelta(days=400), START - timedelta(days=300)


def run(app: Flask, *words: str, says: str = "") -> Result:
    return app.test_cli_runner().invoke(args=["audit", *words], input=says)


def add(at: datetime, number: int = 1, subject: str | None = None) -> None:
    with write() as session:
        session.add_all(
            AuditRecord(at=at, event="logged_in", actor="somebody", subject=subject) for _ in range(number)
        )


@pytest.fixture
def trail(app: Flask) -> None:
    """Three rows older than the retention of twelve months, two younger ones."""
    with app.app_context():
        add(OLD, 3)
        add(NEW, 2)


def rows(app: Flask) -> list[tuple[str, datetime]]:
    with app.app_context():
        return [
            (row.event, row.at) for row in db.session.scalars(select(AuditRecord).order_by(AuditRecord.id))
        ]


def triggers(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(row.name, row.sql) for row in db.session.execute(text(TRIGGERS))]


@ON_BOTH
@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_the_trail(app: Flask, trail: None, statement: str) -> None:
    before = rows(app)
    with (
        app.app_context(),
        pytest.raises(DBAPIError, match="append-only"),
        write() as session,
    ):
        session.execute(text(statement))
    assert rows(app) == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_empty_it_at_once_too(app: Flask, trail: None) -> None:
    with app.app_context(), pytest.raises(DBAPIError, match="append-only"), write() as session:
        session.execute(text("TRUNCATE audit"))
    assert len(rows(app)) == 5


@ON_BOTH
def test_what_was_pruned_leaves_a_trail_that_nobody_can_change(app: Flask, trail: None) -> None:
    run(app, "prune", "--yes")
    assert len(rows(app)) == 3
    with app.app_context(), pytest.raises(DBAPIError, match="append-only"), write() as session:
        session.execute(text("DELETE FROM audit"))


def test_rows_older_than_the_retention_are_pruned_and_a_row_says_so(
    app: Flask, trail: None, clock: MovingClock
) -> None:
    result = run(app, "prune", "--yes")
    assert (result.exit_code, result.output) == (0, "Rows deleted: 3, all from before 2025-11-20.\n")
    assert rows(app) == [("logged_in", NEW)] * 2 + [("audit_pruned", clock.now())]
    with app.app_context():
        said = db.session.scalars(select(AuditRecord).filter_by(event="audit_pruned")).one()
    assert (said.actor, said.detail) == ("command line", "3 rows until 2025-10-16T11:00:00Z")


def test_afterwards_the_trail_is_append_only_as_before(app: Flask, trail: None) -> None:
    before = triggers(app)
    assert [name for name, _ in before] == ["audit_no_delete", "audit_no_update"]
    run(app, "prune", "--yes")
    assert triggers(app) == before
    with app.app_context(), pytest.raises(IntegrityError, match="append-only"), write() as session:
        session.execute(text("DELETE FROM audit"))


def test_many_rows_go_in_batches_and_each_is_told(
    app: Flask, trail: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pruning, "BATCH", 2)
    assert run(app, "prune", "--older-than", "1", "--yes").output.startswith("Rows deleted: 5,")
    assert [event for event, _ in rows(app)] == ["audit_pruned"] * 3


def test_it_asks_first(app: Flask, trail: None) -> None:
    before = rows(app)
    asked = run(app, "prune", says="n\n")
    assert "Delete 3 rows from before 2025-11-20 for good?" in asked.output
    assert asked.exit_code == 1
    assert rows(app) == before
    assert run(app, "prune", says="y\n").exit_code == 0
    assert len(rows(app)) == 3


@pytest.mark.parametrize("months", ["0", "-1"])
def test_less_than_a_month_is_refused(app: Flask, trail: None, months: str) -> None:
    before = rows(app)
    assert run(app, "prune", "--older-than", months, "--yes").exit_code == 2
    assert rows(app) == before


def test_where_nothing_is_old_nothing_happens(app: Flask, trail: None) -> None:
    before = rows(app)
    result = run(app, "prune", "--older-than", "24")
    assert (result.exit_code, result.output) == (0, "No row is older than 2024-11-20.\n")
    assert rows(app) == before


def test_without_its_triggers_the_trail_is_not_touched(app: Flask, trail: None) -> None:
    with app.app_context(), write() as session:
        session.execute(text("DROP TRIGGER audit_no_delete"))
    result = run(app, "prune", "--yes")
    assert (result.exit_code, "lacks the trigger" in result.output) == (1, True)
    assert len(rows(app)) == 5


def prune_and_be_killed(settings: Settings, after: str) -> None:
    """In a process of its own: killed right after this statement."""
    app = create_app(settings, time=MovingClock())

    def kill(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(after):
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "after_cursor_execute", kill)
        audit_pruning.prune(START - timedelta(days=1), Actor("test"))


@pytest.mark.faults
@pytest.mark.parametrize(
    "after", ["DROP TRIGGER", "DELETE FROM audit", "CREATE TRIGGER", "INSERT INTO audit"]
)
def test_killed_in_the_middle_it_leaves_all_rows_and_the_triggers(
    app: Flask, settings: Settings, trail: None, after: str
) -> None:
    before, kept = triggers(app), rows(app)
    with app.app_context():
        db.engine.dispose()  # no connection may cross a fork
    process = multiprocessing.get_context("fork").Process(target=prune_and_be_killed, args=(settings, after))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert (triggers(app), rows(app)) == (before, kept)
    assert run(app, "prune", "--yes").exit_code == 0, "and it can be run again"


def test_show_prints_the_newest_rows_in_order(app: Flask, trail: None) -> None:
    lines = run(app, "show", "--last", "3").output.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["2025-10-16 13:00:00"] + ["2026-01-24 12:00:00"] * 2
    assert lines[0].split("\t")[1:] == ["logged_in", "somebody", "–", "–", "–"]


def test_show_can_be_narrowed(app: Flask, trail: None) -> None:
    with app.app_context():
        add(NEW, subject="an order")
    assert len(run(app, "show", "--since", "2026-01-24").output.splitlines()) == 3
    assert len(run(app, "show", "--since", "2026-01-25").output.splitlines()) == 0
    assert len(run(app, "show", "--subject", "an order").output.splitlines()) == 1
    assert len(run(app, "show", "--subject", "somebody").output.splitlines()) == 6


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        (datetime(2027, 3, 31, 10, tzinfo=UTC), 1, datetime(2027, 2, 28, 11, tzinfo=UTC)),  # 12:00 in Warsaw
        (datetime(2028, 2, 29, 11, tzinfo=UTC), 12, datetime(2027, 2, 28, 11, tzinfo=UTC)),
        (datetime(2026, 1, 15, 11, tzinfo=UTC), 25, datetime(2023, 12, 15, 11, tzinfo=UTC)),
    ],
)
def test_months_are_those_of_the_calendar(
    app: Flask, clock: MovingClock, now: datetime, months: int, then: datetime
) -> None:
    clock.instant = now
    with app.app_context():
        assert months_ago(months) == then
