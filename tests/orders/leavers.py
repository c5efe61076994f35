"""People who leave, with all that the portal can keep of them, and what is left of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import func, select, update

from portal.database import db, write
from portal.identity import Account, AccountSession
from portal.orders import service
from portal.orders.models import Extension, Mail, Order, OrderEvent
from portal.orders.states import Reason
from portal.registry.models import Photo, PlasticCard, Programme, Student
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.support.login import log_in, make_account
from tests.support.wallet import FlaskHttp, Wallet

OF_PEOPLE = (Order, OrderEvent, Extension, Mail, Photo, PlasticCard, Programme, Account, AccountSession)
YEAR = {"days": 366}


class World:
    """One student with all that the portal can keep of somebody; and time, which passes."""

    def __init__(self, app: Flask, clock: MovingClock, orders: Orders) -> None:
        self.app, self.clock, self.orders = app, clock, orders

    def fill(self) -> Order:
        """A card in the app, revoked later; an extension; a mail; an account with a log-in."""
        make_account(self.app, self.orders.student_id)
        log_in(self.app.test_client())
        offer = service.open_offer(self.orders.ready())
        assert offer is not None
        wallet = Wallet(FlaskHttp(self.app), clock=lambda: self.clock.now().timestamp())
        wallet.collect(offer.uri, offer.activation_code)
        order = self.orders.latest
        self._extend(order)
        add_mail(self.orders.student_id, self.clock.now())
        return order

    def _extend(self, order: Order) -> None:
        with write() as session:
            later = timedelta(days=100)
            session.query(PlasticCard).update({"valid_until": order.planned_valid_until + later})
        service.extend(order, STUDENT)

    def leave(self) -> None:
        """As an import does it: status, time and card in one go."""
        order = service.current_for(self.orders.student_id)
        if order.live and order.order is not None:
            service.revoke_by_university(order.order, STUDENT, Reason.STATUS_LOST)
        leave(self.orders.student_id, self.clock.now())


def leave(student_id: int, at: datetime) -> None:
    with write() as session:
        session.execute(update(Student).where(Student.id == student_id).values(status="none", left_at=at))


def add_mail(student_id: int, at: datetime, **changes: object) -> None:
    columns = {"kind": "card_ready", "created_at": at, "sent_at": at, "due_at": None} | changes
    with write() as session:
        number = session.scalar(select(func.count()).select_from(Mail))
        session.add(Mail(student_id=student_id, occasion=f"card_ready:{number}", **columns))


def left(*tables: type) -> dict[str, int]:
    db.session.rollback()
    counts = {table.__name__: db.session.query(table).count() for table in tables or OF_PEOPLE}
    return {name: count for name, count in counts.items() if count}


def student(student_id: int) -> Student:
    db.session.rollback()
    return db.session.get_one(Student, student_id, populate_existing=True)
