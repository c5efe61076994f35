"""Both tables through what people, wallets, imports and time can do: no act finds another way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

import pytest

from portal.database import db, write
from portal.issuer.interface import IssuerRefused
from portal.orders import CardEvents, RegistryEvents, extensions, issuance, service
from portal.orders.models import Extension, Order, OrderEvent
from portal.orders.service import NotEligible, OutOfTurn
from portal.orders.states import (
    EXTENSION_TABLE,
    TABLE,
    Event,
    ExtensionEvent,
    ExtensionStatus,
    Reason,
    Status,
)
from portal.orders.sweep import sweep
from portal.registry.interface import StudentChange
from tests.conftest import MovingClock
from tests.life.kills import killed
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import FIRST, LATER, Door, els_extended


class World:
    """One student, the wallet, USOS and time."""

    def __init__(self, orders: Orders, door: Door, clock: MovingClock) -> None:
        self.orders, self.door, self.clock = orders, door, clock
        self.events = CardEvents()

    # The ways to each status of an order

    def waiting(self) -> None:
        self.orders.place()

    def in_progress(self) -> None:
        order = self.orders.place()
        with killed(2, after=False):
            issuance.issue(order.id)

    def ready(self) -> None:
        self.orders.ready()

    def collected(self) -> None:
        self.orders.collected()

    def failed(self) -> None:
        order = self.orders.place()
        self.door.real.revoke([order.public_id])
        issuance.issue(order.id)

    def cancelled(self) -> None:
        service.cancel(self.orders.ready(), STUDENT)

    def revoked(self) -> None:
        service.revoke(self.orders.collected(), STUDENT)

    def expired(self) -> None:
        self.orders.ready()
        self.time_passes(timedelta(days=31))

    def lapsed(self) -> None:
        self.orders.collected()
        self.time_passes(timedelta(days=200))

    # What may happen to it

    def claim(self, order: Order) -> None:
        issuance.issue(order.id)

    def cancel(self, order: Order) -> None:
        service.cancel(order, STUDENT)

    def revoke(self, order: Order) -> None:
        service.revoke(order, STUDENT)

    def revoke_by_university(self, order: Order) -> None:
        service.revoke_by_university(order, STUDENT, Reason.MISTAKE)

    def reoffer(self, order: Order) -> None:
        service.renew_codes(order, STUDENT)

    def collect(self, order: Order) -> None:
        with write() as session:
            self.events.card_collected(session, order.public_id, FIRST)

    def refresh(self, order: Order) -> None:
        with write() as session:
            self.events.card_refreshed(session, order.public_id, LATER)

    def deleted_in_wallet(self, order: Order) -> None:
        with write() as session:
            self.events.card_deleted(session, order.public_id)

    def extend(self, order: Order) -> None:
        els_extended(self.orders.student_id)
        service.extend(order, STUDENT)
        extensions.work_due()

    def shorten(self, order: Order) -> None:
        els_extended(self.orders.student_id, self.clock.now().date() + timedelta(days=1))
        with write() as session:
            RegistryEvents().students_changed(session, [StudentChange(order.student_id, personal=False)])

    def try_again(self, _order: Order) -> None:
        self.time_passes(timedelta(seconds=61))

    def run_out(self, _order: Order) -> None:
        self.time_passes(timedelta(days=31))

    def lapse(self, _order: Order) -> None:
        self.time_passes(timedelta(days=200))

    def time_passes(self, span: timedelta) -> None:
        self.clock.instant += span
        sweep()


@pytest.fixture
def world(orders: Orders, door: Door, clock: MovingClock) -> World:
    return World(orders, door, clock)


OF_THE_WORLD = [event for event in Event if hasattr(World, event)]


def test_only_the_workers_own_steps_have_no_way_in_from_outside() -> None:
    """PLACE makes orders (test_placing); the others need the worker's claim (test_issuance)."""
    assert set(Event) - set(OF_THE_WORLD) == {Event.PLACE, Event.PREPARED, Event.GIVE_UP}


@pytest.mark.parametrize("event", OF_THE_WORLD)
@pytest.mark.parametrize("before", list(Status))
def test_an_act_moves_an_order_as_the_table_says_or_not_at_all(
    world: World, before: Status, event: Event
) -> None:
    getattr(world, before)()
    order = world.orders.latest
    assert order.status == before
    steps = db.session.query(OrderEvent).filter_by(order_id=order.id)
    known = steps.count()
    with suppress(OutOfTurn, NotEligible):
        getattr(world, event)(order)
    db.session.rollback()
    written = [(row.from_status, row.to_status) for row in steps.offset(known) if row.event == event]
    assert written == ([(before, TABLE[before, event])] if (before, event) in TABLE else [])


# Extensions


class Extending(World):
    """Ways to each status of an extension, and what may happen to it."""

    def to_waiting(self) -> None:
        card = self.orders.collected()
        els_extended(self.orders.student_id, date(2028, 3, 31))
        service.extend(card, STUDENT)

    def to_in_progress(self) -> None:
        self.to_waiting()
        with killed(2, after=False):
            extensions.work_due()

    def to_done(self) -> None:
        self.to_waiting()
        extensions.work_due()

    def to_failed(self) -> None:
        self.to_waiting()
        self.door.failure = lambda _: IssuerRefused("closed")
        extensions.work_due()

    def to_dropped(self) -> None:
        self.to_waiting()
        service.revoke(self.orders.latest, STUDENT)

    def drop(self) -> None:
        service.revoke(self.orders.latest, STUDENT)

    def finish(self) -> None:
        """By what only an issuer that has done it can know: a wallet takes the longer copy."""
        self.refresh_to(date(2028, 3, 31))

    def take_back(self) -> None:
        self.time_passes(timedelta(seconds=61))

    def refresh_to(self, day: date) -> None:
        with write() as session:
            self.events.card_refreshed(session, self.orders.latest.public_id, day)


ACTS: dict[ExtensionEvent, Callable[[Extending], None]] = {
    ExtensionEvent.DROP: Extending.drop,
    ExtensionEvent.TRY_AGAIN: Extending.take_back,
    ExtensionEvent.FINISH: Extending.finish,
}


@pytest.mark.parametrize("event", list(ACTS))
@pytest.mark.parametrize("before", list(ExtensionStatus))
def test_an_act_moves_an_extension_as_the_table_says_or_not_at_all(
    orders: Orders, door: Door, clock: MovingClock, before: ExtensionStatus, event: ExtensionEvent
) -> None:
    world = Extending(orders, door, clock)
    getattr(world, f"to_{before}")()
    db.session.rollback()
    assert db.session.query(Extension.status).scalar() == before
    with suppress(OutOfTurn):
        ACTS[event](world)
    db.session.rollback()
    expected = EXTENSION_TABLE.get((before, event), before)
    if (before, event) == (ExtensionStatus.WAITING, ExtensionEvent.FINISH):
        expected = ExtensionStatus.DONE  # claimed on the way, in the same transaction
    assert db.session.query(Extension.status).scalar() == expected
