"""The extension engine: batches, an issuer and a registry with bad days, cards that end meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

from flask import Flask

from portal.database import db, write
from portal.issuer.interface import IssuerRefused, IssuerUnavailable
from portal.orders import extensions, service
from portal.orders.models import Order, OrderEvent
from portal.orders.states import Event
from portal.orders.sweep import sweep
from portal.orders.transitions import move
from portal.registry.models import Photo
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import (
    CAUSE,
    FIRST,
    LATER,
    Door,
    els_extended,
    extension_of,
    extensions_of,
    issuer_says,
    unreadable,
)
from tests.support.people import make_student


def many(app: Flask, number: int) -> list[Order]:
    """Cards of so many students, all asked to be extended."""
    for place in range(number):
        who = Orders(make_student(app, f"2{place:05}"))
        card = who.collected()
        els_extended(who.student_id)
        service.extend(card, STUDENT)
    return db.session.query(Order).order_by(Order.id).all()


def test_many_extensions_are_worked_in_batches(app: Flask, door: Door) -> None:
    with app.app_context():
        cards = many(app, 53)
        assert [extensions.work_due(), extensions.work_due(), extensions.work_due()] == [50, 3, 0]
        db.session.rollback()
        assert {card.planned_valid_until for card in cards} == {LATER}
        assert len(set(door.asked)) == len(door.asked) == 53


def test_two_engines_at_once_extend_each_card_once(app: Flask, door: Door) -> None:
    def work() -> None:
        with app.app_context():
            while extensions.work_due():
                pass

    with app.app_context():
        many(app, 12)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert db.session.query(OrderEvent).filter_by(event="extend").count() == 12
        assert len(set(door.asked)) == len(door.asked) == 12


def test_an_issuer_that_does_not_answer_is_asked_as_long_as_it_takes(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    door.failure = lambda _: IssuerUnavailable()
    for _attempt in range(30):
        extensions.work_due()
        assert extension_of(asked).status == "waiting"
        assert extension_of(asked).reason == "issuer_unavailable"
        assert extensions.work_due() == 0, "it must wait first"
        clock.move(minutes=12)
    door.failure = lambda _: None
    extensions.work_due()
    assert orders.latest.planned_valid_until == LATER


def test_a_refusal_for_good_ends_it_and_the_student_may_press_again(
    orders: Orders, asked: Order, door: Door
) -> None:
    door.real.revoke([asked.public_id])  # lost at the issuer, which nobody told the orders
    extensions.work_due()
    assert (extension_of(asked).status, extension_of(asked).reason) == ("failed", "issuer_refused")
    assert (orders.latest.status, orders.latest.planned_valid_until) == ("collected", FIRST)
    assert service.current_for(orders.student_id).extension_due == LATER
    service.extend(orders.latest, STUDENT)
    assert len(extensions_of(asked)) == 2


def test_one_card_at_which_the_issuer_stumbles_does_not_hold_up_the_others(app: Flask, door: Door) -> None:
    with app.app_context():
        stone, *others = many(app, 3)
        references = {card.public_id: card.id for card in (stone, *others)}
        door.failure = lambda reference: RuntimeError() if references[reference] == stone.id else None
        extensions.work_due()
        assert extension_of(stone).status == "waiting"
        assert [extension_of(card).status for card in others] == ["done", "done"]


def test_a_student_whose_record_no_key_opens_holds_up_no_other(app: Flask, door: Door) -> None:
    with app.app_context():
        card, *others = many(app, 3)
        unreadable(card.student_id)
        extensions.work_due()
        assert (extension_of(card).status, extension_of(card).reason) == ("waiting", "registry_unavailable")
        assert [extension_of(card).status for card in others] == ["done", "done"]


def test_who_loses_a_criterion_meanwhile_is_not_extended(orders: Orders, asked: Order, door: Door) -> None:
    with write() as session:
        session.query(Photo).delete()
    extensions.work_due()
    assert (extension_of(asked).status, extension_of(asked).reason) == ("failed", "not_eligible")
    assert orders.latest.planned_valid_until == FIRST
    assert door.asked == []


def test_an_els_that_was_taken_back_meanwhile_extends_nothing(
    orders: Orders, asked: Order, door: Door
) -> None:
    els_extended(orders.student_id, FIRST)
    extensions.work_due()
    assert (extension_of(asked).status, extension_of(asked).reason) == ("failed", "not_eligible")
    assert door.asked == []


def test_a_registry_that_cannot_be_read_is_asked_later(
    orders: Orders, asked: Order, clock: MovingClock
) -> None:
    with write() as session:
        session.execute(db.text("ALTER TABLE programmes RENAME TO away"))
    extensions.work_due()
    assert (extension_of(asked).status, extension_of(asked).reason) == ("waiting", "registry_unavailable")
    with write() as session:
        session.execute(db.text("ALTER TABLE away RENAME TO programmes"))
    clock.move(seconds=10)
    extensions.work_due()
    assert orders.latest.planned_valid_until == LATER


def test_issuer_refusals_of_a_whole_batch_end_each(app: Flask, door: Door) -> None:
    with app.app_context():
        cards = many(app, 2)
        door.failure = lambda _: IssuerRefused("closed")
        extensions.work_due()
        assert [extension_of(card).reason for card in cards] == ["issuer_refused"] * 2


def test_revoking_the_card_drops_its_extension_at_once(orders: Orders, asked: Order, door: Door) -> None:
    service.revoke(asked, STUDENT)
    assert extension_of(asked).status == "dropped"
    assert extensions.work_due() == 0
    assert door.asked == []


def test_a_card_revoked_while_the_issuer_extends_it_stays_revoked(
    orders: Orders, asked: Order, door: Door
) -> None:
    door.before = lambda: service.revoke(orders.latest, STUDENT)
    extensions.work_due()
    assert (orders.latest.status, extension_of(asked).status) == ("revoked", "dropped")
    assert issuer_says(asked) is None


def test_an_issuer_that_heard_of_the_end_too_early_hears_of_it_again(
    orders: Orders, asked: Order, door: Door
) -> None:
    door.after = lambda: service.revoke(orders.latest, STUDENT)
    extensions.work_due()
    assert orders.latest.issuer_told_at is None
    sweep()
    assert door.revoked == [asked.public_id] * 2
    assert orders.latest.issuer_told_at is not None
    assert orders.history(asked)[-1] == ("revoke", "revoked")


def test_a_card_past_its_last_day_is_not_extended_even_if_the_sweep_is_late(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    clock.instant = datetime(2027, 3, 31, 22, 0, tzinfo=UTC)  # midnight in Warsaw
    extensions.work_due()
    assert extension_of(asked).status == "dropped"
    assert door.asked == []
    sweep()
    assert orders.latest.status == "lapsed"


def test_midnight_while_the_issuer_extends_leaves_no_longer_card(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    clock.instant = datetime(2027, 3, 31, 21, 59, tzinfo=UTC)
    door.after = lambda: clock.move(minutes=1)
    extensions.work_due()
    sweep()
    assert (orders.latest.status, extension_of(asked).status) == ("lapsed", "dropped")
    assert issuer_says(asked) is None


def test_a_last_day_that_changed_meanwhile_is_asked_for_anew(
    orders: Orders, asked: Order, door: Door, clock: MovingClock
) -> None:
    def shorten() -> None:
        door.after = lambda: None
        with write() as session:
            move(session, asked.id, Event.SHORTEN, CAUSE, planned_valid_until=date(2027, 2, 28))

    door.after = shorten
    extensions.work_due()
    assert (extension_of(asked).status, orders.latest.planned_valid_until) == ("waiting", date(2027, 2, 28))
    els_extended(orders.student_id, date(2027, 2, 28))
    clock.move(seconds=10)
    extensions.work_due()
    assert (extension_of(asked).status, extension_of(asked).reason) == ("failed", "not_eligible")
    assert issuer_says(asked) == orders.latest.planned_valid_until == date(2027, 2, 28)
