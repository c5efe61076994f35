"""Forgetting while something else happens: the issuer fails, people come back, the program is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, update

from portal.database import db, write
from portal.identity import Account
from portal.issuer.interface import IssuerUnavailable
from portal.orders.models import Order
from portal.orders.retention import forget
from portal.registry.models import Photo, PlasticCard, Programme, Student
from tests.conftest import MovingClock
from tests.orders.conftest import Orders
from tests.orders.leavers import YEAR, World, left, student
from tests.registry.table import row, write_csv


@pytest.fixture
def world(app: Flask, clock: MovingClock, orders: Orders) -> World:
    return World(app, clock, orders)


def test_while_the_issuer_does_not_answer_nobody_is_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill()
    world.leave()
    before = left()
    world.clock.move(**YEAR)

    def no_answer(_references: object) -> None:
        raise IssuerUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(world.app.extensions["portal.orders.issuer"], "forget", no_answer)
        assert forget() == 0
        assert left() == before
    assert forget() == 0, "it is asked again later, not all the time"
    world.clock.move(hours=1)
    assert forget() == 1


def test_who_comes_back_while_the_issuer_forgets_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill()
    world.leave()
    world.clock.move(**YEAR)
    issuer = world.app.extensions["portal.orders.issuer"]
    forgets = issuer.forget

    def meanwhile(references: list[str]) -> None:
        forgets(references)
        with write() as session:
            session.execute(update(Student).values(status="active", left_at=None))

    monkeypatch.setattr(issuer, "forget", meanwhile)
    assert forget() == 0
    assert student(world.orders.student_id).surname == "Źródlana"
    assert left(Order, Photo, Account) == {"Order": 1, "Photo": 1, "Account": 1}


def forget_and_be_killed(after: str) -> None:
    """In a process of its own: killed right after this statement."""

    def kill(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(after):
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "after_cursor_execute", kill)
    forget()


@pytest.mark.faults
@pytest.mark.parametrize(
    "after",
    [
        "UPDATE students",
        "DELETE FROM photos",
        "DELETE FROM order_events",
        "DELETE FROM orders",
        "INSERT INTO audit",
    ],
)
def test_killed_in_the_middle_the_next_round_finishes(world: World, after: str) -> None:
    world.fill()
    world.leave()
    before = left()
    world.clock.move(**YEAR)
    db.session.remove()
    db.engine.dispose()  # no connection may cross a fork
    child = os.fork()
    if child == 0:
        forget_and_be_killed(after)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert left() == before
    assert forget() == 1
    assert left() == {}


def import_person(app: Flask, directory: Path, status: str) -> str:
    """The student of these tests, as USOS still (or again) names them."""
    person = row(usos_id="usos-100001", album_number="100001", els_number="ELS100001", student_status=status)
    words = ["registry", "import", str(write_csv(directory, person)), "--language", "en"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_import_that_still_names_them_does_not_bring_them_back(world: World, tmp_path: Path) -> None:
    world.leave()
    world.clock.move(**YEAR)
    assert forget() == 1
    said = import_person(world.app, tmp_path, "none")
    assert "0 new, 0 changed, 1 unchanged, 0 refused" in said
    assert student(world.orders.student_id).surname == ""
    world.clock.move(hours=1)
    assert forget() == 0


def test_an_import_that_calls_them_a_student_again_brings_them_back(world: World, tmp_path: Path) -> None:
    world.fill()
    world.leave()
    world.clock.move(**YEAR)
    assert forget() == 1
    assert "0 new, 1 changed" in import_person(world.app, tmp_path, "active")
    back = student(world.orders.student_id)
    assert (back.surname, back.album_number, back.left_at) == ("Łąkowska", "100001", None)
    invited = world.app.test_cli_runner().invoke(args=["accounts", "invite", "100001"])
    assert invited.exit_code == 0
    assert left(Account, Programme, PlasticCard) == {"Account": 1, "Programme": 1, "PlasticCard": 1}
    world.clock.move(hours=1)
    assert forget() == 0
