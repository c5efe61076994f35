"""Keeping and forgetting: what is left of whom, some time after they left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from portal import create_app
from portal.audit import AuditRecord
from portal.database import db, write
from portal.identity import Account
from portal.issuer.models import Card, CardOffer, IssuedCopy
from portal.orders import service
from portal.orders.models import Mail, Order
from portal.orders.retention import forget
from portal.orders.sweep import sweep
from portal.registry.models import Photo, PlasticCard, Programme, Student
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.leavers import OF_PEOPLE, YEAR, World, add_mail, leave, left, student
from tests.support.login import make_account
from tests.support.people import make_student


@pytest.fixture
def world(app: Flask, clock: MovingClock, orders: Orders) -> World:
    return World(app, clock, orders)


def test_a_year_after_somebody_left_nothing_of_them_is_left(world: World) -> None:
    world.fill()
    world.leave()
    assert left().keys() == {table.__name__ for table in OF_PEOPLE}, "so that something is tried"
    world.clock.move(**YEAR)
    sweep()
    assert left() == {}
    gone = student(world.orders.student_id)
    personal = ("given_names", "surname", "birth_date", "pesel", "email", "album_number")
    assert {getattr(gone, name) or None for name in personal} == {None}
    assert gone.usos_id == "usos-100001"


def test_the_issuer_forgets_the_card_but_not_its_place_in_the_list(world: World) -> None:
    world.fill()
    world.leave()
    world.clock.move(**YEAR)
    sweep()
    assert left(CardOffer) == {}
    assert [card.data for card in db.session.query(Card)] in ([], [None])
    assert all(copy.revoked_at for copy in db.session.query(IssuedCopy))


def test_a_day_earlier_all_of_it_is_left(world: World) -> None:
    world.fill()
    world.leave()
    before = left()
    world.clock.move(days=364)
    sweep()
    assert left() == before | {"AccountSession": 1}
    assert student(world.orders.student_id).surname == "Źródlana"


def test_how_long_is_a_setting(settings: Settings, clock: MovingClock) -> None:
    app = create_app(replace(settings, retention_months=2), time=clock)
    student_id = make_student(app)
    with app.app_context():
        leave(student_id, clock.now())
        clock.move(days=60)  # to 19 January
        assert forget() == 0
        clock.move(days=2)
        assert forget() == 1
        db.engine.dispose()


def test_who_is_here_keeps_even_old_orders(world: World) -> None:
    world.fill()
    service.revoke(world.orders.latest, STUDENT)
    world.clock.move(days=2000)
    sweep()
    assert left(Order, Photo, Account) == {"Order": 1, "Photo": 1, "Account": 1}


def test_who_has_a_live_order_is_kept(world: World) -> None:
    world.orders.ready()
    leave(world.orders.student_id, world.clock.now() - timedelta(days=400))
    assert forget() == 0
    assert world.orders.latest.status == "ready"


def test_a_card_that_the_issuer_has_yet_to_revoke_is_not_forgotten(world: World) -> None:
    order = world.orders.collected()
    world.leave()
    with write() as session:
        session.execute(update(Order).values(issuer_told_at=None, due_at=None))
    world.clock.move(**YEAR)
    assert forget() == 0
    with write() as session:
        session.execute(update(Order).values(due_at=world.clock.now()))
    world.clock.move(hours=1)
    sweep()
    assert left(Order) == {}, order.public_id


def test_it_is_in_the_audit_by_counts_alone(world: World) -> None:
    world.fill()
    world.leave()
    world.clock.move(**YEAR)
    sweep()
    noted = db.session.query(AuditRecord).filter_by(event="data_erased").one()
    assert (noted.actor, noted.subject, noted.detail) == ("retention", None, "people=1 orders=1 mails=1")


def test_where_nothing_is_due_nothing_is_written(world: World) -> None:
    world.fill()
    before = left(AuditRecord)
    sweep()
    assert left(AuditRecord) == before


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_it_looks_only_once_in_a_while(world: World) -> None:
    assert forget() == 0
    with statements() as asked:
        assert (forget(), asked) == (0, [])


@pytest.mark.parametrize("hours", [1, -1])
def test_after_an_hour_it_looks_again_also_when_the_clock_was_set_back(world: World, hours: int) -> None:
    assert forget() == 0
    world.clock.move(hours=hours)
    with statements() as asked:
        forget()
    assert asked


def test_many_go_in_small_rounds_one_after_the_other(app: Flask, clock: MovingClock) -> None:
    for number in range(45):
        make_student(app, f"3{number:05}")
    with app.app_context():
        with write() as session:
            session.execute(update(Student).values(status="none", left_at=clock.now()))
        clock.move(**YEAR)
        assert [forget(), forget(), forget(), forget()] == [20, 20, 5, 0]
        assert left(Photo, PlasticCard, Programme) == {}
        told = [row.detail for row in db.session.query(AuditRecord).filter_by(event="data_erased")]
        assert told == [f"people={number} orders=0 mails=0" for number in (20, 20, 5)]


def test_others_are_left_alone(world: World) -> None:
    other = make_student(world.app, "100002", surname="Obca")
    make_account(world.app, other, "100002")
    others = Orders(other)
    others.collected()
    others_order = others.latest
    service.revoke(others_order, STUDENT)
    world.fill()
    world.leave()
    world.clock.move(**YEAR)
    sweep()
    assert left(Order, Account, Photo, PlasticCard) == {
        "Order": 1,
        "Account": 1,
        "Photo": 1,
        "PlasticCard": 1,
    }
    assert [event for event, _ in others.history(others.latest)][-1] == "revoke"
    assert student(other).surname == "Obca"


def test_old_mails_of_people_who_are_here_go_too(world: World) -> None:
    now = world.clock.now()
    old = now - timedelta(days=366)
    add_mail(world.orders.student_id, old)
    add_mail(world.orders.student_id, old, sent_at=None)  # given up
    add_mail(world.orders.student_id, old, sent_at=None, due_at=now)  # still to be sent
    add_mail(world.orders.student_id, old, sent_at=now)
    assert forget() == 0
    kept = db.session.scalars(select(Mail.occasion).order_by(Mail.id)).all()
    assert kept == ["card_ready:2", "card_ready:3"]
    noted = db.session.query(AuditRecord).filter_by(event="data_erased").one()
    assert noted.detail == "people=0 orders=0 mails=2"
