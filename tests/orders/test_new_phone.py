"""„Mam nowy telefon”: the old card revoked and a new one ordered, both or neither."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from portal.audit import AuditRecord
from portal.database import db, write
from portal.issuer.interface import IssuerUnavailable
from portal.orders import extensions, issuance, service
from portal.orders.models import Order, OrderEvent
from portal.orders.service import NotEligible, OutOfTurn
from portal.orders.states import LIVE
from portal.orders.sweep import sweep
from portal.registry.models import Photo
from tests.conftest import MovingClock
from tests.life.kills import killed
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import LATER, Door, els_extended, extension_of, issuer_says, status_lost


def every_order() -> list[tuple[str, str | None]]:
    db.session.rollback()
    return [(order.status, order.reason) for order in db.session.query(Order).order_by(Order.id)]


def test_the_old_card_is_revoked_and_a_new_one_ordered(orders: Orders, door: Door) -> None:
    card = orders.collected()
    new = service.replace_phone(card, STUDENT)
    assert every_order() == [("revoked", "new_phone"), ("waiting", None)]
    assert orders.latest.public_id == new
    assert door.revoked == [card.public_id]
    assert issuer_says(card) is None
    assert orders.history(card)[-1] == ("revoke", "revoked")
    assert orders.history(orders.latest) == [("place", "waiting")]


def test_the_new_card_can_be_collected_at_once(orders: Orders) -> None:
    service.replace_phone(orders.collected(), STUDENT)
    assert issuance.issue(orders.latest.id)
    assert service.open_offer(orders.latest) is not None


def test_the_new_card_is_good_as_long_as_it_can_be(orders: Orders) -> None:
    card = orders.collected()
    els_extended(orders.student_id)
    service.replace_phone(card, STUDENT)
    assert orders.latest.planned_valid_until == LATER


def test_who_may_not_order_keeps_the_card(orders: Orders) -> None:
    card = orders.collected()
    rows = db.session.query(OrderEvent).count(), db.session.query(AuditRecord).count()
    with write() as session:
        session.query(Photo).delete()
    with pytest.raises(NotEligible):
        service.replace_phone(card, STUDENT)
    assert every_order() == [("collected", None)]
    assert issuer_says(card) is not None
    assert (db.session.query(OrderEvent).count(), db.session.query(AuditRecord).count()) == rows


@pytest.mark.parametrize("reach", [Orders.place, Orders.ready])
def test_only_a_collected_card_moves_to_another_phone(
    orders: Orders, reach: Callable[[Orders], Order]
) -> None:
    order = reach(orders)
    with pytest.raises(OutOfTurn):
        service.replace_phone(order, STUDENT)
    assert len(every_order()) == 1


def test_pressed_again_it_gives_the_same_new_order(orders: Orders) -> None:
    card = orders.collected()
    new = service.replace_phone(card, STUDENT)
    assert service.replace_phone(card, STUDENT) == new
    issuance.issue(orders.latest.id)
    assert service.replace_phone(card, STUDENT) == new
    assert len(every_order()) == 2


def test_pressed_again_after_the_new_order_has_ended_it_orders_nothing(orders: Orders) -> None:
    card = orders.collected()
    service.replace_phone(card, STUDENT)
    service.cancel(orders.latest, STUDENT)
    with pytest.raises(OutOfTurn):
        service.replace_phone(card, STUDENT)
    assert every_order() == [("revoked", "new_phone"), ("cancelled", None)]


def test_a_card_that_was_revoked_otherwise_is_not_replaced(orders: Orders) -> None:
    card = orders.collected()
    service.revoke(card, STUDENT)
    with pytest.raises(OutOfTurn):
        service.replace_phone(card, STUDENT)
    assert every_order() == [("revoked", None)]


def test_an_extension_under_way_ends_with_the_old_card(orders: Orders, asked: Order, door: Door) -> None:
    service.replace_phone(asked, STUDENT)
    assert extension_of(asked).status == "dropped"
    assert extensions.work_due() == 0
    assert door.asked == []


def test_an_extension_at_the_issuer_just_then_leaves_the_old_card_dead(
    orders: Orders, asked: Order, door: Door
) -> None:
    door.after = lambda: (
        service.replace_phone(service.owned(orders.student_id, asked.public_id), STUDENT) and None
    )
    extensions.work_due()
    sweep()
    assert [status for status, _reason in every_order()] == ["revoked", "waiting"]
    assert issuer_says(asked) is None


def test_the_trail_tells_why_the_old_card_ended(orders: Orders) -> None:
    card = orders.collected()
    new = service.replace_phone(card, STUDENT)
    trail = db.session.query(AuditRecord).order_by(AuditRecord.id.desc()).limit(2).all()
    assert [(row.event, row.subject, row.detail) for row in reversed(trail)] == [
        ("card_revoked", card.public_id, "new_phone"),
        ("order_placed", new, None),
    ]


# Races


def at_once(app: Flask, orders: Orders, card: Order, *acts: Callable[[Order], object]) -> list[object]:
    """What each act answered or raised, each in a thread of its own."""
    public_id, answers = card.public_id, []

    def act(what: Callable[[Order], object]) -> None:
        with app.app_context():
            try:
                answers.append(what(service.owned(orders.student_id, public_id)))
            except OutOfTurn as refused:
                answers.append(refused)

    threads = [threading.Thread(target=act, args=(what,)) for what in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(acts)
    return answers


def replace(order: Order) -> str:
    return service.replace_phone(order, STUDENT)


def test_a_double_press_at_once_is_one_new_order(app: Flask, orders: Orders) -> None:
    card = orders.collected()
    answers = at_once(app, orders, card, *[replace] * 12)
    assert set(answers) == {orders.latest.public_id}
    assert every_order() == [("revoked", "new_phone"), ("waiting", None)]


@pytest.mark.parametrize("_again", range(3))
def test_against_a_plain_revocation_one_of_both_wins_whole(app: Flask, orders: Orders, _again: int) -> None:
    card = orders.collected()
    at_once(app, orders, card, replace, lambda order: service.revoke(order, STUDENT))
    assert every_order() in (
        [("revoked", "new_phone"), ("waiting", None)],
        [("revoked", None)],
    )
    sweep()
    assert issuer_says(card) is None


@pytest.mark.parametrize("_again", range(3))
def test_against_a_new_order_pressed_elsewhere_there_is_one_live_order(
    app: Flask, orders: Orders, _again: int
) -> None:
    card = orders.collected()
    at_once(app, orders, card, replace, lambda order: service.place(order.student_id, STUDENT))
    assert len([status for status, _reason in every_order() if status in LIVE]) == 1


def test_against_an_extension_pressed_elsewhere_nothing_stays_open(
    app: Flask, orders: Orders, due: Order
) -> None:
    at_once(app, orders, due, replace, lambda order: service.extend(order, STUDENT))
    extensions.work_due()
    assert [status for status, _reason in every_order()] == ["revoked", "waiting"]
    assert issuer_says(due) is None


# Killed, or without an answer


def test_killed_before_it_is_written_nothing_has_happened(orders: Orders) -> None:
    card = orders.collected()
    with killed(1, after=False):
        service.replace_phone(card, STUDENT)
    assert every_order() == [("collected", None)]
    assert issuer_says(card) is not None


@pytest.mark.parametrize(("commit", "after"), [(1, True), (2, False), (2, True), (3, False)])
def test_killed_afterwards_the_issuer_hears_of_it_from_the_sweep(
    orders: Orders, clock: MovingClock, commit: int, after: bool
) -> None:
    card = orders.collected()
    with killed(commit, after=after):
        service.replace_phone(card, STUDENT)
    assert every_order() == [("revoked", "new_phone"), ("waiting", None)]
    clock.move(minutes=1)
    sweep()
    assert issuer_says(card) is None
    assert db.session.query(Order).filter_by(public_id=card.public_id).one().issuer_told_at is not None
    assert issuance.issue(orders.latest.id)


def test_an_issuer_without_an_answer_does_not_hold_up_the_new_order(
    orders: Orders, door: Door, clock: MovingClock
) -> None:
    card = orders.collected()
    door.unreachable = IssuerUnavailable()
    service.replace_phone(card, STUDENT)
    assert every_order() == [("revoked", "new_phone"), ("waiting", None)]
    door.unreachable = None
    clock.move(minutes=1)
    sweep()
    assert issuer_says(card) is None


def test_lost_status_after_the_press_stops_the_new_order_only(orders: Orders) -> None:
    service.replace_phone(orders.collected(), STUDENT)
    status_lost(orders.student_id)
    issuance.issue_due()
    assert every_order() == [("revoked", "new_phone"), ("failed", "not_eligible")]
