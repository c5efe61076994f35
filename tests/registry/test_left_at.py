"""Since when somebody is no active student: what keeping and forgetting counts from."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from portal.database import db
from portal.registry.models import Student
from tests.conftest import START
from tests.registry.office import Office, row


def left_at(office: Office) -> datetime | None:
    with office.app.app_context():
        return db.session.scalars(select(Student.left_at)).one()


def test_active_students_have_not_left(office: Office) -> None:
    office.bring(row())
    assert left_at(office) is None


@pytest.mark.parametrize("status", ["inactive", "none"])
def test_the_import_that_ends_the_status_dates_it(office: Office, status: str) -> None:
    office.bring(row())
    office.clock.move(days=3)
    office.bring(row(student_status=status))
    assert left_at(office) == office.clock.now()


def test_whoever_is_new_and_not_active_counts_from_the_first_import(office: Office) -> None:
    office.bring(row(student_status="none"))
    assert left_at(office) == START


def test_later_imports_do_not_move_it(office: Office) -> None:
    office.bring(row(student_status="inactive"))
    office.clock.move(days=30)
    office.bring(row(student_status="none", surname="Polna"))
    assert "1 unchanged" in office.bring(row(student_status="none", surname="Polna")).output
    assert left_at(office) == START


def test_status_regained_clears_it_and_lost_again_it_counts_anew(office: Office) -> None:
    office.bring(row(student_status="none"))
    office.bring(row())
    assert left_at(office) is None
    office.clock.move(days=30)
    office.bring(row(student_status="none"))
    assert left_at(office) == office.clock.now()


def test_a_dry_run_dates_nothing(office: Office) -> None:
    office.bring(row())
    office.bring(row(student_status="none"), words=("--dry-run",))
    assert left_at(office) is None
