"""The database layer: no update is lost, what failed leaves nothing, times are unambiguous."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError, StatementError

from portal.audit import AuditRecord
from portal.database import db, write
from portal.identity import Account, AccountSession

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


def test_an_error_of_the_database_names_no_values(app: Flask) -> None:
    with app.app_context(), pytest.raises(SQLAlchemyError) as failure:
        db.session.execute(text("INSERT INTO nowhere VALUES (:pesel)"), {"pesel": "44051401359"})
    assert "44051401359" not in str(failure.value)
