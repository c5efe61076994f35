"""Accounts to log in with, and a look into the audit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from portal.audit import AuditRecord
from portal.database import db
from portal.identity import Account
from tests.support.login import make_account
from tests.support.people import make_student

AuditRows = Callable[[], list[tuple[str, str | None]]]


@pytest.fixture
def student(app: Flask) -> int:
    """Album 100001, password `student`; the key of the account."""
    return make_account(app, make_student(app, "100001"), "100001")


@pytest.fixture
def staff(app: Flask) -> int:
    """User name `dziekanat`, password `dziekanat`; the key of the account."""
    return make_account(app, login="dziekanat", password="dziekanat", role="staff")


@pytest.fixture
def imported(app: Flask) -> int:
    """Album 100001, imported, without an account; the key of the student."""
    return make_student(app, "100001", given_names="Łucja", surname="Źródlana")


@pytest.fixture
def public_id(app: Flask, student: int) -> str:
    """How the audit calls the student's account."""
    with app.app_context():
        return db.session.scalars(db.select(Account.public_id).where(Account.id == student)).one()


@pytest.fixture
def audited(app: Flask) -> AuditRows:
    """What happened so far: events with their subjects, oldest first."""

    def rows() -> list[tuple[str, str | None]]:
        with app.app_context():
            found = db.session.scalars(db.select(AuditRecord).order_by(AuditRecord.id))
            return [(row.event, row.subject) for row in found]

    return rows
