"""The database layer: no update is lost, what failed leaves nothing, times are unambiguous."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask, request_finished
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from portal import create_app
from portal.audit import AuditRecord
from portal.database import db, unpooled, write
from portal.identity import Account, AccountSession
from portal.single_reads import SingleRead
from tests.conftest import make_settings
from tests.support.login import log_in, make_account
from tests.support.nu import NuChecker
from tests.support.pages import make_client

THREADS = 8
ROUNDS = 100


def row(at: datetime, detail: str = "0") -> AuditRecord:
    return AuditRecord(at=at, event="counted", actor="test", detail=detail)


def test_parallel_read_modify_write_loses_no_update(app: Flask) -> None:
    account = Account(public_id="a", login="0", role="staff", created_at=datetime.now(UTC))
    with app.app_context(), write() as session:
        session.add(account)

    def count() -> None:
        for _ in range(ROUNDS):
            with app.app_context(), write() as session:
                counter = session.scalars(select(Account)).one()
                counter.login = str(int(counter.login) + 1)

    threads = [threading.Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert db.session.scalars(select(Account.login)).all() == [str(THREADS * ROUNDS)]


def add_and_fail() -> None:
    with write() as session:
        session.add(row(datetime.now(UTC)))
        session.flush()
        _ = 1 / 0


def test_a_transaction_that_fails_leaves_nothing(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            add_and_fail()
        assert db.session.scalar(select(func.count()).select_from(AuditRecord)) == 0


def test_the_reading_session_sees_what_was_just_written(app: Flask) -> None:
    with app.app_context():
        assert db.session.scalars(select(AuditRecord)).all() == []
        with write() as session:
            session.add(row(datetime.now(UTC)))
        assert len(db.session.scalars(select(AuditRecord)).all()) == 1


def test_a_naive_time_is_refused(app: Flask) -> None:
    with app.app_context(), pytest.raises(StatementError, match="naive datetime"), write() as session:
        session.add(row(datetime(2026, 11, 20)))  # noqa: DTZ001 — naive is what is tried


def test_a_time_comes_back_as_the_same_instant_in_utc(app: Flask) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=1)))
    with app.app_context():
        with write() as session:
            session.add(row(noon))
        found = db.session.scalars(select(AuditRecord.at)).one()
    assert found == noon
    assert found.tzinfo is UTC


def test_a_foreign_key_is_kept_by_the_database(app: Flask) -> None:
    now = datetime.now(UTC)
    orphan = AccountSession(token_hash="0" * 64, account_id=12345, created_at=now, seen_at=now)
    with app.app_context(), pytest.raises(SQLAlchemyError), write() as session:
        session.add(orphan)


@pytest.fixture
def on_postgres(instance: Path, postgres_url: str) -> Iterator[Flask]:
    """Where nobody waits for a lock for long."""
    url = f"{postgres_url}&options=-c%20lock_timeout%3D200ms"
    app = create_app(make_settings(instance, database_url=url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def cut_all_others() -> None:
    """End all connections to this database, as a restart of the server does."""
    with unpooled(db.engine.url).connect() as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))


def test_a_session_of_postgresql_is_as_the_portal_needs_it(on_postgres: Flask) -> None:
    names = ("TimeZone", "transaction_isolation", "statement_timeout", "lock_timeout", "application_name")
    said = [db.session.scalar(text(f"SHOW {name}")) for name in names]
    assert said == ["UTC", "read committed", "1min", "200ms", "mlegitymacja"]


def test_connections_that_were_lost_are_replaced(on_postgres: Flask) -> None:
    reads = SingleRead(db.engine.url, select(func.count()).select_from(AuditRecord))
    assert reads.first({}) == (0,)
    db.session.execute(text("SELECT 1"))
    cut_all_others()
    with write() as session:  # what the reading session had is taken back first
        session.add(row(datetime.now(UTC)))
    assert db.session.scalar(select(func.count()).select_from(AuditRecord)) == 1
    with pytest.raises(DBAPIError):
        reads.first({})
    assert reads.first({}) == (1,)


def test_an_answer_that_is_done_is_sent_although_the_connection_was_lost_since(
    instance: Path, postgres_url: str
) -> None:
    app = create_app(make_settings(instance, database_url=postgres_url))
    make_account(app, role="staff", login="anna")
    client = app.test_client()
    assert log_in(client, "anna").status_code == 303
    sessions = db.session.registry.registry  # of all applications in this process
    before = len(sessions)
    with request_finished.connected_to(lambda _app, **_: cut_all_others(), app):
        assert [client.get("/").status_code for _ in range(3)] == [200] * 3
    assert client.get("/").status_code == 200
    assert len(sessions) <= before, "what was open is forgotten"
    with app.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        db.engine.dispose()


@pytest.mark.usefixtures("failing_on_purpose")
def test_whoever_waits_too_long_for_a_lock_is_told_to_come_back(
    on_postgres: Flask, nu_checker: NuChecker
) -> None:
    make_account(on_postgres, role="staff", login="anna")
    client = make_client(on_postgres, nu_checker)
    with write() as session:
        session.execute(select(Account).with_for_update())
        page = log_in(client, "anna")
    assert (page.status_code, "chwilowo niedostępny" in page.text) == (503, True)
    assert int(page.headers["Retry-After"]) > 0
    assert log_in(client, "anna").status_code == 303


def test_an_error_of_the_database_names_no_values(app: Flask) -> None:
    with app.app_context(), pytest.raises(SQLAlchemyError) as failure:
        db.session.execute(text("INSERT INTO nowhere VALUES (:pesel)"), {"pesel": "44051401359"})
    assert "44051401359" not in str(failure.value)
