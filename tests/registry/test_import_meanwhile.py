"""Imports that are killed, and students who act in the same moment."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress

import pytest

from portal import audit, create_app
from portal.database import db
from portal.orders import service
from portal.orders.registry_events import RegistryEvents
from portal.orders.states import LIVE
from portal.registry import importer
from portal.settings import Settings
from tests.registry.office import GONE, Office, row
from tests.support.refusing import refusing

ROUNDS = 12


def die(_self: RegistryEvents) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def import_and_die(settings: Settings, file: str, clock: object) -> None:
    RegistryEvents.committed = die  # type: ignore[method-assign]
    app = create_app(settings, time=clock)  # type: ignore[arg-type]
    app.test_cli_runner().invoke(args=["registry", "import", file])


@pytest.mark.faults
def test_killed_before_the_issuer_was_told_the_sweep_tells_it(office: Office, settings: Settings) -> None:
    office.students(row())
    card = office.card()
    with office.app.app_context():
        db.session.remove()
        db.engine.dispose()  # no connection may cross a fork
    file = office.file(row(**GONE))
    process = multiprocessing.get_context("fork").Process(
        target=import_and_die, args=(settings, str(file), office.clock)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert office.story() == ("revoked", "status_lost")
    assert (office.latest().issuer_told_at, office.wallet.status(card)) == (None, 0)
    office.sweep()
    assert office.wallet.status(card) == 1
    assert "1 unchanged" in office.bring(row(**GONE)).output


def test_an_import_that_fails_in_the_middle_of_a_batch_ends_nothing_of_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.students(row(1), row(2))
    office.order(1)
    office.order(2)
    before = office.dump()
    with (
        office.app.app_context(),
        refusing("UPDATE", "orders", "NEW.student_id = 2 AND NEW.status = 'revoked'"),
    ):
        stopped = office.bring(row(1, **GONE), row(2, **GONE))
    assert (stopped.exit_code, "after it had written 0 people" in stopped.output) == (1, True)
    begun = [line for line in office.dump() if line not in before]
    assert len(begun) == 1
    assert "'begun'" in begun[0]
    assert "Cards and orders revoked: 2." in office.bring(row(1, **GONE), row(2, **GONE)).output


def test_an_order_placed_between_the_check_and_the_import_ends_too(office: Office) -> None:
    office.students(row())
    order: list[str] = []

    def student_orders(done: int, total: int) -> None:
        if not order and done < total:
            order.append(office.order())

    with office.app.app_context():
        report = importer.run(office.file(row(**GONE)), progress=student_orders)
    assert report.ended == 1
    assert (office.latest().public_id, office.latest().reason) == (order[0], "status_lost")


def test_whoever_orders_in_the_moment_of_the_import_keeps_no_card(office: Office) -> None:
    office.students(row())
    key, file = office.key(), office.file(row(**GONE))
    for _round in range(ROUNDS):
        assert office.bring(row()).exit_code == 0
        office.file(row(**GONE))
        start = threading.Barrier(2)

        def student(start: threading.Barrier = start) -> None:
            with office.app.app_context(), suppress(service.NotEligible):
                start.wait()
                service.place(key, audit.SYSTEM)

        ordering = threading.Thread(target=student)
        ordering.start()
        with office.app.app_context():
            start.wait()
            importer.run(file)
        ordering.join()
        with office.app.app_context():
            order = service.current_for(key).order
            assert order is None or order.status not in LIVE
