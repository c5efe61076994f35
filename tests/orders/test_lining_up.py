"""The issuer says of a card what its order says, whoever was late, taken over, or changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db, write
from portal.orders import extension_claims, extensions, issuance, service
from portal.orders.giving_back import give_back, take_over
from portal.orders.issuance import heart
from portal.orders.models import Extension, Order
from portal.orders.registry_events import RegistryEvents, _shorten
from portal.orders.sweep import sweep
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import FIRST, LATER, Door, extension_of, issuer_says, nothing
from tests.support.people import make_student

EARLIER = FIRST.replace(day=1)


@pytest.mark.parametrize("put_back", [lambda: give_back(heart()), take_over])
def test_who_lost_the_claim_does_not_set_back_what_another_one_has_extended(
    asked: Order, door: Door, put_back: Callable[[], None]
) -> None:
    calls = 0

    def at_the_door() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            put_back()
        elif extension_of(asked).status == "waiting":
            extensions.work_due()

    door.before = at_the_door
    extensions.work_due()
    extensions.work_due()
    assert extension_of(asked).status == "done"
    assert issuer_says(asked) == LATER


@pytest.fixture
def told_by_an_import(asked: Order) -> Callable[[], None]:
    """Has the issuer hear the order's day, as an import does that has shortened it."""
    events = RegistryEvents()
    events._shortened.append(asked.id)
    return events.committed


def test_an_extension_that_overtakes_what_an_import_tells_is_not_undone(
    asked: Order, door: Door, told_by_an_import: Callable[[], None]
) -> None:
    def overtake() -> None:
        door.before = nothing
        assert extensions.work_due() == 1

    door.before = overtake
    told_by_an_import()
    assert extension_of(asked).status == "done"
    assert issuer_says(asked) == LATER


def test_an_extension_that_the_issuer_did_before_an_import_told_it_the_old_day_is_asked_anew(
    asked: Order, door: Door, told_by_an_import: Callable[[], None]
) -> None:
    def before_it_is_written_down() -> None:
        door.after = nothing
        told_by_an_import()

    door.after = before_it_is_written_down
    extensions.work_due()
    extensions.work_due()
    assert extension_of(asked).status == "done"
    assert issuer_says(asked) == LATER


def test_an_order_shortened_while_its_card_is_prepared_reaches_the_issuer(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = orders.place()
    issuer = issuance.issuer()
    prepare = issuer.prepare

    def shortened_meanwhile(requests: object) -> object:
        answers = prepare(requests)  # type: ignore[arg-type]
        with write() as session:
            _shorten(session, session.get_one(Order, order.id), EARLIER)
        return answers

    monkeypatch.setattr(issuer, "prepare", shortened_meanwhile)
    issuance.issue(order.id)
    assert (orders.latest.status, orders.latest.planned_valid_until) == ("ready", EARLIER)
    assert issuer_says(order) == EARLIER


def test_a_card_prepared_before_with_a_later_day_says_the_day_of_its_order(orders: Orders) -> None:
    order = orders.place()
    claimed = issuance._claim(1)
    issuance._prepare([issuance._requests(claimed)[0][order.id]])  # and killed
    take_over()
    with write() as session:
        _shorten(session, session.get_one(Order, order.id), EARLIER)
    issuance.issue(order.id)
    assert issuer_says(order) == EARLIER


def test_an_order_that_takes_its_process_down_again_and_again_waits_ever_longer(
    orders: Orders, clock: MovingClock
) -> None:
    orders.place()
    for _kill in range(2):
        assert issuance._claim(1)
        take_over()
    assert issuance._claim(1)
    take_over()
    assert orders.latest.status == "in_progress"
    clock.move(seconds=61)
    sweep()
    assert issuance._claim(1) == []


def test_one_order_in_use_keeps_no_other_from_being_put_back(app: Flask, orders: Orders, due: Order) -> None:
    service.extend(due, STUDENT)
    others = [Orders(make_student(app, f"{300000 + number}")) for number in range(3)]
    for one in others:
        one.place()
    claimed = issuance._claim(50)
    with write() as session:
        assert extension_claims.claim(session)
    in_use = select(Order.id).where(Order.id == claimed[1].id).with_for_update()
    with db.engine.connect() as somebody:
        if db.engine.dialect.name == "postgresql":
            somebody.execute(in_use)
        take_over()
        db.session.rollback()
        left = db.session.scalars(select(Order.id).where(Order.status == "in_progress")).all()
        assert left == ([claimed[1].id] if db.engine.dialect.name == "postgresql" else [])
        assert db.session.scalars(select(Extension.status)).all() == ["waiting"]
