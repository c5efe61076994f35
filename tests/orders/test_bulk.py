"""`flask orders extend --all-due`: everybody's card at once, beside a portal at work."""

from __future__ import annotations

import signal
import threading

import pytest
from click.testing import Result
from flask import Flask

from portal.audit import AuditRecord
from portal.database import db, write
from portal.issuer.interface import IssuerRefused, IssuerUnavailable
from portal.orders import bulk, extensions, service
from portal.orders.models import Extension, Order, OrderEvent
from portal.orders.sweep import sweep
from portal.registry.models import Photo
from tests.conftest import MovingClock
from tests.life.kills import killed
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import FIRST, LATER, Door, els_extended, unreadable
from tests.support.people import make_student

MORE_THAN_A_BATCH = 23


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "REST", 0)


def cards(app: Flask, number: int, *, extended: bool = True) -> list[int]:
    """So many students with a collected card each, whose ELS was extended since; their keys."""
    keys = []
    with app.app_context():
        for place in range(number):
            who = Orders(make_student(app, f"2{place:05}"))
            who.collected()
            if extended:
                els_extended(who.student_id)
            keys.append(who.student_id)
    return keys


def extend(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(
        args=["orders", "extend", "--all-due", "--language", "en", *words], catch_exceptions=False
    )


def last_days(app: Flask) -> list[str]:
    with app.app_context():
        db.session.rollback()
        return [str(order.planned_valid_until) for order in db.session.query(Order).order_by(Order.id)]


def rows(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    """The whole database."""
    with app.app_context():
        db.session.rollback()
        return {
            table.name: [tuple(row) for row in db.session.execute(table.select())]
            for table in db.metadata.sorted_tables
        }


def test_every_card_that_is_due_is_extended(app: Flask) -> None:
    cards(app, 3)
    done = extend(app)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Extended: 3.",
        "Not possible, since a condition is not met: 0.",
        "Failed: 0.",
        "Nothing to extend: 0.",
    ]
    assert last_days(app) == [str(LATER)] * 3


def test_a_dry_run_says_the_same_and_writes_nothing(app: Flask) -> None:
    cards(app, 3)
    before = rows(app)
    done = extend(app, "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "Would be extended: 3."
    assert done.stdout.splitlines()[-1] == "This was a dry run: nothing was written."
    assert rows(app) == before


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_it_counts_who_cannot_be_extended_and_who_need_not(app: Flask, dry: tuple[str, ...]) -> None:
    _due, no_photo, *_rest = cards(app, 2)
    cards_of_others = make_student(app, "300001")
    with app.app_context():
        Orders(cards_of_others).collected()
        with write() as session:
            session.query(Photo).filter_by(student_id=no_photo).delete()
    done = extend(app, *dry)
    assert done.exit_code == 0
    counts = [line.rsplit(" ", 1)[1] for line in done.stdout.splitlines()[:4]]
    assert counts == ["1.", "1.", "0.", "1."]


def test_a_student_whose_record_no_key_opens_holds_up_no_other(app: Flask) -> None:
    lost, *_others = cards(app, 3)
    with app.app_context():
        unreadable(lost)
    done = extend(app)
    assert done.exit_code == 1
    assert [done.stdout.splitlines()[line] for line in (0, 2)] == ["Extended: 2.", "Failed: 1."]


def test_run_again_it_finds_nothing_to_extend(app: Flask) -> None:
    cards(app, 2)
    extend(app)
    again = extend(app)
    assert again.stdout.splitlines()[0] == "Extended: 0."
    assert again.stdout.splitlines()[3] == "Nothing to extend: 2."
    with app.app_context():
        assert db.session.query(OrderEvent).filter_by(event="extend").count() == 2


def test_the_trail_tells_who_asked_for_which_card_and_of_the_run(app: Flask) -> None:
    cards(app, 2)
    extend(app)
    with app.app_context():
        asked = db.session.query(AuditRecord).filter_by(event="extension_asked").all()
        run = db.session.query(AuditRecord).filter_by(event="extensions_asked_for_all").one()
        assert {row.actor for row in (*asked, run)} == {"command line"}
        assert len({row.subject for row in asked}) == 2
        assert run.detail == "extended 2, not possible 0, failed 0, under way 0"


def test_many_cards_are_extended_in_small_transactions(app: Flask, door: Door) -> None:
    cards(app, MORE_THAN_A_BATCH)
    assert "Extended: 23." in extend(app).stdout
    assert len(set(door.asked)) == len(door.asked) == MORE_THAN_A_BATCH


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_finishes_what_is_in_hand_and_the_next_run_does_the_rest(
    app: Flask, door: Door, number: signal.Signals
) -> None:
    cards(app, MORE_THAN_A_BATCH)
    door.after = lambda: signal.raise_signal(number)
    stopped = extend(app)
    assert stopped.exit_code == 130
    assert stopped.stdout.splitlines()[0] == "Extended: 20."
    assert stopped.stderr == "Stopped. Run it again: it goes on where it stopped.\n"
    assert last_days(app).count(str(LATER)) == 20
    with app.app_context():
        run = db.session.query(AuditRecord).filter_by(event="extensions_asked_for_all").one()
        assert run.detail == "extended 20, not possible 0, failed 0, under way 0, stopped"
    door.after = lambda: None
    assert "Extended: 3." in extend(app).stdout
    assert set(last_days(app)) == {str(LATER)}


def test_pressed_twice_it_stops_at_once_and_loses_nothing(app: Flask, door: Door, clock: MovingClock) -> None:
    cards(app, 2)

    def press_twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    door.after = press_twice
    assert extend(app).exit_code != 0
    assert set(last_days(app)) == {str(FIRST)}
    door.after = lambda: None
    clock.move(seconds=61)
    with app.app_context():
        sweep()
        clock.move(seconds=10)
        extensions.work_due()
    assert set(last_days(app)) == {str(LATER)}


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_killed_anywhere_the_next_run_goes_on_without_any_portal(
    app: Flask, clock: MovingClock, commit: int
) -> None:
    cards(app, 3)
    with killed(commit + 1, after=False):  # the first commit looks for what an earlier run left
        extend(app)
    clock.move(seconds=61)
    extend(app)
    clock.move(seconds=10)
    assert extend(app).exit_code == 0
    assert set(last_days(app)) == {str(LATER)}
    with app.app_context():
        assert db.session.query(OrderEvent).filter_by(event="extend").count() == 3


def test_beside_the_portals_own_engine_each_card_is_extended_once(app: Flask, door: Door) -> None:
    cards(app, 20)
    over = threading.Event()

    def engine() -> None:
        with app.app_context():
            while not over.wait(0.001):  # without a pause it would hold the interpreter, not the cards
                extensions.work_due()

    portal = threading.Thread(target=engine)
    portal.start()
    try:
        extend(app)
    finally:
        over.set()
        portal.join()
    with app.app_context():
        extensions.work_due()
        assert db.session.query(OrderEvent).filter_by(event="extend").count() == 20
        assert len(set(door.asked)) == len(door.asked) == 20


def test_what_a_student_has_asked_for_is_not_asked_for_twice(app: Flask, door: Door) -> None:
    (key,) = cards(app, 1)
    with app.app_context():
        service.extend(Orders(key).latest, STUDENT)
    extend(app)
    with app.app_context():
        assert db.session.query(Extension).one().asked_by == STUDENT.name
    assert len(door.asked) == 1


def test_a_failed_extension_ends_the_command_with_one(app: Flask, door: Door) -> None:
    cards(app, 2)
    door.failure = lambda _: IssuerRefused("closed")
    done = extend(app)
    assert done.exit_code == 1
    assert "Failed: 2." in done.stdout


def test_an_issuer_without_an_answer_leaves_them_to_the_portal(
    app: Flask, door: Door, clock: MovingClock
) -> None:
    cards(app, 2)
    door.failure = lambda _: IssuerUnavailable()
    done = extend(app)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "Not finished yet, the portal goes on with them: 2."
    door.failure = lambda _: None
    clock.move(seconds=10)
    assert "Extended: 2." in extend(app).stdout


def test_a_registry_that_cannot_be_read_stops_it_with_a_sentence(app: Flask) -> None:
    cards(app, 1)
    with app.app_context(), write() as session:
        session.execute(db.text("ALTER TABLE programmes RENAME TO away"))
    done = extend(app)
    assert done.exit_code == 1
    assert "The database could not be read or written. Run it again" in done.stderr


def test_cards_that_ended_are_left_alone(app: Flask, clock: MovingClock) -> None:
    keys = cards(app, 3)
    with app.app_context():
        service.revoke(Orders(keys[0]).latest, STUDENT)
    clock.move(days=140)  # all are over, and no sweep has been there
    assert "Extended: 0." in extend(app).stdout
    assert set(last_days(app)) == {str(FIRST)}


def test_without_a_word_of_whom_it_does_nothing(app: Flask) -> None:
    cards(app, 1)
    done = app.test_cli_runner().invoke(args=["orders", "extend"])
    assert done.exit_code == 2
    assert last_days(app) == [str(FIRST)]


def test_it_speaks_polish(app: Flask) -> None:
    cards(app, 1)
    done = app.test_cli_runner().invoke(args=["orders", "extend", "--all-due"])
    assert done.stdout.splitlines()[0] == "Przedłużone: 1."
