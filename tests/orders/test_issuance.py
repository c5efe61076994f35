from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask

from portal.database import db, write
from portal.issuer.interface import CardRequest, IssuerRefused, IssuerUnavailable
from portal.orders import issuance, service
from portal.orders.models import Order
from portal.orders.sweep import sweep
from portal.registry.models import Photo
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import unreadable
from tests.support.people import make_student


class Surroundings:
    """The real issuer, at whose door things can happen: a second implementation of the protocol."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.failure: Exception | None = None
        self.prepared: list[str] = []
        self.revoked: list[str] = []
        self.meanwhile = lambda: None

    def prepare(self, requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
        self.meanwhile()
        if self.failure:
            raise self.failure
        self.prepared += [request.reference for request in requests]
        return self.real.prepare(requests)

    def revoke(self, references: Sequence[str]) -> dict[str, Exception | None]:
        if self.failure:
            raise self.failure
        self.revoked += references
        return self.real.revoke(references)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.fixture
def issuer(app: Flask) -> Surroundings:
    surroundings = Surroundings(app.extensions["portal.orders.issuer"])
    app.extensions["portal.orders.issuer"] = surroundings
    return surroundings


def test_an_order_becomes_ready_with_codes(orders: Orders) -> None:
    order = orders.ready()
    offer = service.open_offer(order)
    assert order.status == "ready"
    assert offer is not None
    assert offer.activation_code.isdigit()
    assert orders.history(order) == [("place", "waiting"), ("claim", "in_progress"), ("prepared", "ready")]


def test_the_second_run_finds_the_work_done(orders: Orders, issuer: Surroundings) -> None:
    order = orders.ready()
    assert not issuance.issue(order.id)
    assert issuer.prepared == [order.public_id]


def test_many_orders_are_prepared_in_one_batch(app: Flask, issuer: Surroundings) -> None:
    with app.app_context():
        for number in range(60):
            service.place(make_student(app, f"2{number:05}"), STUDENT)
        assert [issuance.issue_due(), issuance.issue_due(), issuance.issue_due()] == [50, 10, 0]
        assert len(set(issuer.prepared)) == 60
        assert db.session.query(Order).filter_by(status="ready").count() == 60


def test_an_issuer_that_does_not_answer_is_asked_again_later(
    orders: Orders, issuer: Surroundings, clock: MovingClock
) -> None:
    order = orders.place()
    issuer.failure = IssuerUnavailable()
    assert not issuance.issue(order.id)
    assert (orders.latest.status, orders.latest.reason) == ("waiting", "issuer_unavailable")
    issuer.failure = None
    assert not issuance.issue(order.id), "it must wait first"
    clock.move(seconds=10)
    assert issuance.issue(order.id)


def test_who_ordered_while_the_issuer_was_away_for_hours_gets_the_card_by_itself(
    orders: Orders, issuer: Surroundings, clock: MovingClock
) -> None:
    orders.place()
    issuer.failure = IssuerUnavailable()
    for _hour in range(23):
        assert issuance.issue_due() == 1
        assert (orders.latest.status, orders.latest.reason) == ("waiting", "issuer_unavailable")
        clock.move(hours=1)
    issuer.failure = None
    issuance.issue_due()
    assert orders.latest.status == "ready"


def test_an_order_is_given_up_after_a_day_and_the_student_may_order_again(
    orders: Orders, issuer: Surroundings, clock: MovingClock
) -> None:
    order = orders.place()
    issuer.failure = IssuerUnavailable()
    for _hour in range(25):
        issuance.issue_due()
        clock.move(hours=1)
    assert (orders.latest.status, orders.latest.reason) == ("failed", "attempts_used_up")
    assert service.place(orders.student_id, STUDENT) != order.public_id


def test_a_day_without_enough_attempts_gives_no_order_up(
    orders: Orders, issuer: Surroundings, clock: MovingClock
) -> None:
    """The portal was down meanwhile, not the issuer."""
    orders.place()
    clock.move(hours=25)
    issuer.failure = IssuerUnavailable()
    issuance.issue_due()
    assert orders.latest.status == "waiting"


def test_a_refusal_for_good_is_not_repeated(orders: Orders, issuer: Surroundings) -> None:
    order = orders.place()
    issuer.failure = IssuerRefused("closed")
    issuance.issue(order.id)
    assert (orders.latest.status, orders.latest.reason) == ("failed", "issuer_refused")


def test_an_unexpected_error_of_the_issuer_loses_no_order(orders: Orders, issuer: Surroundings) -> None:
    order = orders.place()
    issuer.failure = RuntimeError("a bug")
    issuance.issue(order.id)
    assert orders.latest.status == "waiting"


def test_a_student_whose_record_no_key_opens_holds_up_no_other(app: Flask, orders: Orders) -> None:
    other = Orders(make_student(app, "200001"))
    other.place()
    unreadable(orders.place().student_id)
    issuance.issue_due()
    assert other.latest.status == "ready"
    assert (orders.latest.status, orders.latest.reason) == ("waiting", "registry_unavailable")


def test_a_worker_that_died_loses_its_lease_and_the_order_goes_on(orders: Orders, clock: MovingClock) -> None:
    order = orders.place()
    assert issuance._claim(1)  # and never heard of again
    sweep()
    assert orders.latest.status == "in_progress"
    clock.move(seconds=61)
    sweep()
    assert (orders.latest.status, orders.latest.reason) == ("waiting", "lease_lost")
    clock.move(seconds=10)
    assert issuance.issue(order.id)


def test_a_worker_that_comes_late_finishes_nothing(
    orders: Orders, issuer: Surroundings, clock: MovingClock
) -> None:
    order = orders.place()

    def somebody_else_takes_over() -> None:
        issuer.meanwhile = lambda: None
        clock.move(seconds=61)
        sweep()
        clock.move(seconds=10)
        assert issuance.issue(order.id)

    issuer.meanwhile = somebody_else_takes_over
    assert not issuance.issue(order.id)
    events = [event for event, _status in orders.history(order)]
    assert events.count("prepared") == 1
    assert orders.latest.status == "ready"


def test_an_order_cancelled_while_its_card_is_prepared_leaves_no_live_card(
    orders: Orders, issuer: Surroundings
) -> None:
    order = orders.place()
    issuer.meanwhile = lambda: service.cancel(orders.latest, STUDENT)
    assert not issuance.issue(order.id)
    assert orders.latest.status == "cancelled"
    sweep()
    assert issuer.revoked == [order.public_id]
    assert issuer.current_offer(order.public_id) is None
    assert orders.latest.issuer_told_at is not None


def test_who_loses_a_criterion_before_the_card_is_prepared_gets_none(
    orders: Orders, issuer: Surroundings
) -> None:
    order = orders.place()
    with write() as session:
        session.query(Photo).delete()
    issuance.issue(order.id)
    assert (orders.latest.status, orders.latest.reason) == ("failed", "not_eligible")
    assert issuer.prepared == []


def test_a_revocation_is_repeated_until_the_issuer_acknowledges_it(
    orders: Orders, issuer: Surroundings, clock: MovingClock
) -> None:
    order = orders.collected()
    issuer.failure = IssuerUnavailable()
    service.revoke(order, STUDENT)
    assert (orders.latest.status, orders.latest.issuer_told_at) == ("revoked", None)
    issuer.failure = None
    clock.move(minutes=1)
    sweep()
    assert issuer.revoked == [order.public_id]
    assert orders.latest.issuer_told_at == clock.now()


def test_codes_that_nobody_used_run_out(orders: Orders, clock: MovingClock) -> None:
    orders.ready()
    clock.move(days=31)
    sweep()
    assert orders.latest.status == "expired"
    assert service.open_offer(orders.latest) is None


def test_new_codes_replace_the_old_ones(orders: Orders) -> None:
    order = orders.ready()
    old = service.open_offer(order)
    service.renew_codes(order, STUDENT)
    new = service.open_offer(orders.latest)
    assert old is not None
    assert new is not None
    assert old.uri != new.uri
    assert orders.latest.status == "ready"


def test_a_card_lapses_after_its_last_day_and_not_on_it(app: Flask, clock: MovingClock) -> None:
    student_id = make_student(app, els_valid_until=clock.now().date())
    with app.app_context():
        orders = Orders(student_id)
        orders.collected()
        clock.move(hours=11, minutes=59)  # 23:59 in Warsaw
        sweep()
        assert orders.latest.status == "collected"
        clock.move(minutes=1)
        sweep()
        assert orders.latest.status == "lapsed"
