"""Five minutes after the answer nothing of the holder is left: not on the page, not in the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.audit import AuditRecord
from portal.database import db
from portal.verifier.models import Inspection
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.inspected import Phone
from tests.verifier.conftest import Check, Inspector


@pytest.fixture
def answered(inspector: Inspector, phone: Phone) -> Check:
    check = inspector.begin("library")
    assert phone.show(check.qr).status == 200
    return check


def test_the_page_says_until_when_the_data_are_there(answered: Check) -> None:
    assert "Dane znikną z tej strony o 12:05." in answered.section


def test_after_five_minutes_the_page_shows_nothing_even_if_nobody_swept(
    answered: Check, clock: MovingClock
) -> None:
    (photo,) = answered.page.all("img")
    clock.move(minutes=5)
    assert "Dane zostały usunięte" in answered.section
    assert "Żółkiewska" not in answered.html
    assert answered.verdict == ""
    assert answered.client.get(photo["src"]).status_code == 404


def test_until_then_it_is_all_there(answered: Check, clock: MovingClock, sweep: Callable[[], None]) -> None:
    clock.move(minutes=4, seconds=59)
    sweep()
    assert answered.verdict == "WAŻNA"
    assert "Żółkiewska" in answered.section


def test_after_five_minutes_the_sweep_leaves_nothing_of_the_answer(
    app: Flask, answered: Check, clock: MovingClock, sweep: Callable[[], None], written: Callable[[], str]
) -> None:
    with app.app_context():
        kept = db.session.scalars(select(Inspection)).one()
        sealed = [kept.result, kept.photo]
    clock.move(minutes=5)
    sweep()
    dump = written()
    assert not [value for value in sealed if value is None or value.hex().upper() in dump.upper()]
    with app.app_context():
        left = db.session.scalars(select(Inspection)).one()
    assert (left.status, left.verdict, left.reason, left.result, left.photo) == ("forgotten", *[None] * 4)


def test_until_then_the_database_holds_it_sealed(answered: Check, written: Callable[[], str]) -> None:
    inspections = [line for line in written().splitlines() if 'INTO "inspections"' in line]
    assert len(inspections) == 1
    for secret in ("Żółkiewska", "012345", "Zofia"):
        assert secret not in inspections[0]
        assert secret.encode().hex().upper() not in inspections[0].upper()


def test_an_open_page_asks_slowly_until_the_data_are_gone_and_then_stops(
    answered: Check, clock: MovingClock
) -> None:
    def poll() -> tuple[int, str]:
        answer = answered.client.get(answered_poll, headers={"HX-Request": "true"})
        return answer.status_code, answer.text

    answered_poll = answered.poll_address
    clock.move(minutes=4)
    assert poll() == (204, "")
    clock.move(seconds=50)
    status, last = poll()
    assert (status, 'data-hx-trigger="every 10500ms"' in last) == (200, True)
    clock.move(seconds=10)
    status, gone = poll()
    assert status == 200
    assert "Dane zostały usunięte" in gone
    assert "data-hx-get" not in gone
    assert "Żółkiewska" not in gone


def test_after_an_hour_the_check_itself_is_gone(
    app: Flask, answered: Check, clock: MovingClock, sweep: Callable[[], None]
) -> None:
    clock.move(hours=1)
    sweep()
    assert answered.client.get(answered.path).status_code == 404
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Inspection)) == 0


def test_checks_that_nobody_answered_go_too(
    app: Flask, inspector: Inspector, clock: MovingClock, sweep: Callable[[], None]
) -> None:
    inspector.begin()
    clock.move(minutes=59)
    sweep()
    second = inspector.begin()
    clock.move(minutes=1)
    sweep()
    with app.app_context():
        (left,) = db.session.scalars(select(Inspection.public_id)).all()
    assert second.path.endswith(left)


def test_only_numbers_are_kept(
    app: Flask, inspector: Inspector, phone: Phone, desk: Desk, clock: MovingClock
) -> None:
    with app.app_context():
        before = db.session.scalar(select(func.count()).select_from(AuditRecord))
    for _ in range(2):
        phone.show(inspector.begin("validity").qr)
    phone.refuse(inspector.begin("library").qr)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(AuditRecord)) == before
    counted = app.test_cli_runner().invoke(args=["verifier", "counts"]).output
    assert counted.splitlines() == [
        "2026-11-20\tbiblioteka\tNie pokazano legitymacji\t1",
        "2026-11-20\ttylko ważność\tWAŻNA\t2",
    ]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.verifier.inspections.BATCH", 1)


@pytest.mark.usefixtures("small_batches")
def test_no_answer_waits_to_be_erased_behind_old_checks(
    inspector: Inspector,
    phone: Phone,
    clock: MovingClock,
    sweep: Callable[[], None],
    written: Callable[[], str],
) -> None:
    for _ in range(2):
        inspector.begin()
    clock.move(minutes=55)
    assert phone.show(inspector.begin().qr).status == 200
    clock.move(minutes=5)
    sweep()
    assert "'answered'" not in written()


def test_an_answer_from_a_clock_that_was_ahead_is_erased_as_soon_as_it_is_right(
    app: Flask, answered: Check, clock: MovingClock, sweep: Callable[[], None]
) -> None:
    assert answered.verdict == "WAŻNA"
    clock.move(days=-1)
    sweep()
    with app.app_context():
        left = db.session.scalars(select(Inspection)).one()
        assert (left.result, left.photo) == (None, None)
