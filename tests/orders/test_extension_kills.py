"""The extension engine killed or late: the issuer and the order end up saying the same."""

from __future__ import annotations

import pytest

from portal.database import db, write
from portal.issuer.interface import IssuerUnavailable
from portal.orders import CardEvents, extensions
from portal.orders.models import Extension, Order
from portal.orders.sweep import sweep
from tests.conftest import MovingClock
from tests.life.kills import killed
from tests.orders.conftest import Orders
from tests.orders.surroundings import (
    FIRST,
    LATER,
    Door,
    extension_of,
    issuer_says,
    status_lost,
)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_killed_at_any_commit_it_goes_on_when_the_lease_ends(
    orders: Orders, asked: Order, clock: MovingClock, commit: int, after: bool
) -> None:
    with killed(commit, after=after):
        extensions.work_due()
    db.session.rollback()
    clock.move(seconds=61)
    sweep()
    clock.move(seconds=10)
    extensions.work_due()
    assert issuer_says(asked) == orders.latest.planned_valid_until == LATER
    assert [event for event, _status in orders.history(asked)].count("extend") == 1
    assert extension_of(asked).status == "done"


def test_a_lost_lease_is_taken_back_only_when_it_has_ended(asked: Order, clock: MovingClock) -> None:
    with killed(2, after=False):
        extensions.work_due()
    clock.move(seconds=59)
    sweep()
    assert extension_of(asked).status == "in_progress"
    clock.move(seconds=2)
    sweep()
    assert (extension_of(asked).status, extension_of(asked).reason) == ("waiting", "lease_lost")


def killed_after_the_issuer(clock: MovingClock) -> None:
    with killed(3, after=False):
        extensions.work_due()
    db.session.rollback()
    clock.move(seconds=61)
    sweep()
    clock.move(seconds=10)


def test_what_the_issuer_did_for_nothing_is_undone(orders: Orders, asked: Order, clock: MovingClock) -> None:
    killed_after_the_issuer(clock)
    assert issuer_says(asked) == LATER
    status_lost(orders.student_id)
    extensions.work_due()
    assert extension_of(asked).status == "failed"
    assert issuer_says(asked) == orders.latest.planned_valid_until == FIRST


def test_it_stays_open_until_it_is_undone(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    killed_after_the_issuer(clock)
    status_lost(orders.student_id)
    door.failure = lambda _: IssuerUnavailable()
    extensions.work_due()
    assert extension_of(asked).status == "waiting"
    door.failure = lambda _: None
    clock.move(minutes=1)
    extensions.work_due()
    assert (extension_of(asked).status, issuer_says(asked)) == ("failed", FIRST)


def test_a_worker_that_comes_late_finishes_nothing(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    def somebody_else_takes_over() -> None:
        door.after = lambda: None
        clock.move(seconds=61)
        sweep()
        clock.move(seconds=10)
        assert extensions.work_due() == 1

    door.after = somebody_else_takes_over
    extensions.work_due()
    assert [event for event, _status in orders.history(asked)].count("extend") == 1
    assert issuer_says(asked) == orders.latest.planned_valid_until == LATER


def test_a_worker_that_comes_late_leaves_no_longer_card(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    def another_finds_the_right_lost() -> None:
        door.before = lambda: None
        clock.move(seconds=61)
        sweep()
        clock.move(seconds=10)
        status_lost(orders.student_id)
        assert extensions.work_due() == 1
        assert extension_of(asked).status == "failed"

    door.before = another_finds_the_right_lost
    extensions.work_due()
    assert (extension_of(asked).status, issuer_says(asked)) == ("failed", FIRST)


@pytest.mark.parametrize("taken_back", [False, True])
def test_a_copy_taken_before_the_engine_has_finished_is_no_longer_than_its_order(
    orders: Orders, asked: Order, clock: MovingClock, taken_back: bool
) -> None:
    with killed(3, after=False):
        extensions.work_due()
    db.session.rollback()
    if taken_back:
        clock.move(seconds=61)
        sweep()
    with write() as session:
        assert CardEvents().card_refreshed(session, asked.public_id, LATER)
    assert (orders.latest.copy_valid_until, orders.latest.planned_valid_until) == (LATER, LATER)
    clock.move(seconds=80)
    sweep()
    extensions.work_due()
    assert [event for event, _status in orders.history(asked)][-2:] == ["extend", "refresh"]
    assert extension_of(asked).status == "done"


def test_an_extension_the_wallet_was_faster_to_see_is_done_once(
    orders: Orders, asked: Order, door: Door
) -> None:
    def refresh() -> None:
        door.after = lambda: None
        with write() as session:
            assert CardEvents().card_refreshed(session, asked.public_id, LATER)

    door.after = refresh
    assert extensions.work_due() == 1
    assert [event for event, _status in orders.history(asked)].count("extend") == 1
    assert db.session.query(Extension).filter_by(status="done").count() == 1
    assert issuer_says(asked) == LATER
