"""A small department that has lived for a while: an order in each state that matters, cards on phones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Flask

from portal.audit import Actor
from portal.database import db, write
from portal.issuer.interface import Offer
from portal.orders import extensions, issuance, service
from portal.orders.models import Order
from portal.registry.models import PlasticCard
from tests.conftest import MovingClock
from tests.support.people import make_student
from tests.support.wallet import FlaskHttp, HeldCard, Wallet

STUDENTS = tuple(f"{100001 + number}" for number in range(6))
WAITING, READY, COLLECTED, EXTENDED, REVOKED, CANCELLED = STUDENTS
SOMEBODY = Actor("somebody")


@dataclass(frozen=True)
class Department:
    wallet: Wallet
    cards: dict[str, HeldCard]
    """By album number, what the phones hold."""


def live_a_little(app: Flask, clock: MovingClock) -> Department:
    """Six students, each with an order that stands where the student's name here says."""
    keys = {album: make_student(app, album) for album in STUDENTS}
    wallet = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
    cards = {}
    with app.app_context():
        orders = {album: _order(keys[album]) for album in STUDENTS[1:]}
        issuance.issue_due()
        for album in (COLLECTED, EXTENDED, REVOKED):
            offer = _offer(orders[album])
            cards[album] = wallet.collect(offer.uri, offer.activation_code)
        service.revoke(db.session.get_one(Order, orders[REVOKED]), SOMEBODY)
        service.cancel(db.session.get_one(Order, orders[CANCELLED]), SOMEBODY)
        with write() as session:
            session.query(PlasticCard).update({"valid_until": date(2027, 10, 31)})
        service.extend(db.session.get_one(Order, orders[EXTENDED]), SOMEBODY)
        extensions.work_due()
        _order(keys[WAITING])
        db.session.remove()
    return Department(wallet, cards)


def _order(student: int) -> int:
    service.place(student, SOMEBODY)
    order = service.current_for(student).order
    assert order is not None
    return order.id


def _offer(order_id: int) -> Offer:
    offer = service.open_offer(db.session.get_one(Order, order_id))
    assert offer is not None
    return offer
