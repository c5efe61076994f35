"""Codes that ran out and cards past their last day: over on time, whether or not the sweep was there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from portal.audit import Actor
from portal.database import db, write
from portal.orders import CardEvents, service
from portal.orders.models import Order
from portal.orders.service import NotEligible, OutOfTurn
from portal.orders.states import Reason, Status
from portal.orders.sweep import sweep
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import FIRST, Door, els_extended, issuer_says
from tests.support.people import make_student

A_MOMENT = timedelta(milliseconds=1)
MIDNIGHT_AFTER_FIRST = datetime(2027, 3, 31, 22, tzinfo=UTC)
ACTS: list[Callable[[Order, Actor], object]] = [
    service.cancel,
    service.revoke,
    service.extend,
    service.replace_phone,
    service.renew_codes,
    lambda order, actor: service.revoke_by_university(order, actor, Reason.MISTAKE),
]


@pytest.fixture
def codes_over(orders: Orders, clock: MovingClock) -> Order:
    """Codes that have just run out; no sweep has been there."""
    order = orders.ready()
    assert order.due_at is not None
    clock.instant = order.due_at
    return order


@pytest.fixture
def card_over(orders: Orders, clock: MovingClock) -> Order:
    """A card whose last day is just over; no sweep has been there."""
    card = orders.collected()
    clock.instant = MIDNIGHT_AFTER_FIRST
    return card


def status(orders: Orders) -> Status | None:
    db.session.rollback()
    return service.current_for(orders.student_id).status


# On time


def test_codes_are_good_until_the_moment_that_their_page_says(orders: Orders, clock: MovingClock) -> None:
    order = orders.ready()
    offer = service.open_offer(order)
    assert offer is not None
    assert offer.expires_at == order.due_at == clock.now() + timedelta(days=30)
    clock.instant = offer.expires_at - A_MOMENT
    sweep()
    assert (status(orders), orders.latest.status) == ("ready", "ready")
    assert service.open_offer(orders.latest) is not None


def test_codes_have_expired_from_that_moment_on_even_if_the_sweep_is_late(
    orders: Orders, codes_over: Order
) -> None:
    standing = service.current_for(orders.student_id)
    assert (standing.status, orders.latest.status) == ("expired", "ready")
    assert not standing.live
    assert standing.may_order
    assert service.open_offer(codes_over) is None


def test_the_sweep_writes_down_that_codes_ran_out(orders: Orders, codes_over: Order) -> None:
    sweep()
    assert orders.latest.status == "expired"
    assert orders.history(codes_over)[-1] == ("run_out", "expired")
    assert issuer_says(codes_over) is None


@pytest.mark.parametrize(
    ("last_day", "over"),
    [
        (date(2027, 3, 27), datetime(2027, 3, 27, 23, tzinfo=UTC)),  # the last winter-time midnight
        (date(2027, 3, 28), datetime(2027, 3, 28, 22, tzinfo=UTC)),  # a day of 23 hours
        (date(2027, 10, 31), datetime(2027, 10, 31, 23, tzinfo=UTC)),  # a day of 25 hours
        (date(2028, 2, 29), datetime(2028, 2, 29, 23, tzinfo=UTC)),
    ],
)
def test_a_card_is_good_through_its_last_day_in_warsaw(
    app: Flask, clock: MovingClock, last_day: date, over: datetime
) -> None:
    with app.app_context():
        orders = Orders(make_student(app, els_valid_until=last_day))
        orders.collected()
        clock.instant = over - A_MOMENT
        sweep()
        assert (status(orders), orders.latest.status) == ("collected", "collected")
        clock.instant = over
        assert (status(orders), orders.latest.status) == ("lapsed", "collected")
        sweep()
        assert orders.latest.status == "lapsed"


def test_a_card_past_its_last_day_has_nothing_to_extend_or_to_fetch(orders: Orders, card_over: Order) -> None:
    els_extended(orders.student_id)
    standing = service.current_for(orders.student_id)
    assert (standing.status, standing.extension_due, standing.copy_behind) == ("lapsed", None, False)
    assert not standing.live
    assert standing.may_order
    assert service.open_offer(card_over) is None


def test_the_issuer_hears_that_the_card_lapsed(orders: Orders, card_over: Order, door: Door) -> None:
    sweep()
    assert door.revoked == [card_over.public_id]
    assert issuer_says(card_over) is None
    assert orders.latest.issuer_told_at is not None


def test_a_long_row_of_cards_lapses_in_a_few_sweeps(app: Flask, clock: MovingClock) -> None:
    with app.app_context():
        for number in range(53):
            Orders(make_student(app, f"2{number:05}")).collected()
        clock.instant = MIDNIGHT_AFTER_FIRST
        sweep()
        sweep()
        assert db.session.query(Order).filter_by(status="lapsed").count() == 53


# No step any more


@pytest.mark.parametrize("act", ACTS)
def test_expired_codes_allow_no_step_even_if_the_sweep_is_late(
    orders: Orders, codes_over: Order, act: Callable[[Order, Actor], object]
) -> None:
    with pytest.raises(OutOfTurn):
        act(codes_over, STUDENT)
    assert orders.latest.status == "ready"


@pytest.mark.parametrize("act", ACTS)
def test_a_lapsed_card_allows_no_step_even_if_the_sweep_is_late(
    orders: Orders, card_over: Order, act: Callable[[Order, Actor], object]
) -> None:
    els_extended(orders.student_id)
    with pytest.raises(OutOfTurn):
        act(card_over, STUDENT)
    assert orders.latest.status == "collected"


def test_no_wallet_takes_a_card_by_codes_that_ran_out(orders: Orders, codes_over: Order) -> None:
    with write() as session:
        assert not CardEvents().card_collected(session, codes_over.public_id, FIRST)
    assert status(orders) == "expired"


def test_no_wallet_takes_another_copy_of_a_lapsed_card(orders: Orders, card_over: Order) -> None:
    with write() as session:
        assert not CardEvents().card_collected(session, card_over.public_id, FIRST)
        assert not CardEvents().card_refreshed(session, card_over.public_id, FIRST)


def test_wrong_codes_after_the_end_bring_no_new_ones(orders: Orders, codes_over: Order) -> None:
    with write() as session:
        CardEvents().offer_died(session, codes_over.public_id, "wrong_codes")
    assert status(orders) == "expired"


# Ordering again


def test_ordering_again_is_one_step_even_if_the_sweep_is_late(orders: Orders, codes_over: Order) -> None:
    new = service.place(orders.student_id, STUDENT)
    assert (orders.latest.public_id, orders.latest.status) == (new, "waiting")
    assert orders.history(codes_over)[-1] == ("run_out", "expired")
    sweep()
    assert issuer_says(codes_over) is None


def test_after_the_last_day_a_new_order_takes_the_lapsed_cards_place(
    orders: Orders, card_over: Order
) -> None:
    els_extended(orders.student_id)
    new = service.place(orders.student_id, STUDENT)
    assert orders.latest.public_id == new
    assert orders.history(card_over)[-1] == ("lapse", "lapsed")


def test_who_may_not_order_leaves_everything_as_it_was(orders: Orders, card_over: Order) -> None:
    with pytest.raises(NotEligible):  # the ELS is over too
        service.place(orders.student_id, STUDENT)
    assert orders.latest.status == "collected"


def test_codes_never_outlive_the_card(app: Flask, clock: MovingClock) -> None:
    with app.app_context():
        orders = Orders(make_student(app, els_valid_until=clock.now().date()))
        order = orders.ready()
        assert order.due_at == datetime(2026, 11, 20, 23, tzinfo=UTC)
        assert orders.latest.remind_at is None, "nobody is reminded of a card that nobody has"


def test_a_reminder_is_due_thirty_days_before_the_end_once_the_card_is_collected(orders: Orders) -> None:
    card = orders.collected()
    assert card.remind_at == datetime(2027, 3, 1, 8, tzinfo=UTC)


def test_a_second_copy_does_not_wind_the_reminder_back(orders: Orders) -> None:
    card = orders.collected()
    with write() as session:
        session.query(Order).update({"remind_at": None})  # as the reminder leaves it
    with write() as session:
        assert CardEvents().card_collected(session, card.public_id, FIRST)
    assert orders.latest.remind_at is None
