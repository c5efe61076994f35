"""A collected card gets a later last day: what a press does, once, and what is told of it."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from portal.audit import AuditRecord
from portal.database import db, write
from portal.orders import CardEvents, extensions, service
from portal.orders.models import Order
from portal.orders.service import NotEligible, OutOfTurn
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import (
    LATER,
    Door,
    els_extended,
    extension_of,
    extensions_of,
    issuer_says,
    status_lost,
)


def test_the_card_gets_the_day_that_the_page_promised(orders: Orders, due: Order) -> None:
    promised = service.current_for(orders.student_id).extension_due
    service.extend(due, STUDENT)
    assert extensions.work_due() == 1
    card = orders.latest
    assert (card.status, card.planned_valid_until, promised) == ("collected", LATER, LATER)
    assert issuer_says(card) == LATER
    assert extension_of(card).status == "done"
    assert orders.history(card)[-1] == ("extend", "collected")


def test_an_extended_card_lapses_and_reminds_by_its_new_day(orders: Orders, asked: Order) -> None:
    assert asked.remind_at == datetime(2027, 3, 1, 8, tzinfo=UTC)
    extensions.work_due()
    assert orders.latest.due_at == datetime(2027, 10, 31, 23, tzinfo=UTC)
    assert orders.latest.remind_at == datetime(2027, 10, 1, 7, tzinfo=UTC)


def test_the_app_is_behind_until_it_has_fetched_the_new_day(orders: Orders, asked: Order) -> None:
    extensions.work_due()
    assert service.current_for(orders.student_id).copy_behind
    with write() as session:
        assert CardEvents().card_refreshed(session, asked.public_id, LATER)
    assert not service.current_for(orders.student_id).copy_behind
    assert orders.history(asked)[-1] == ("refresh", "collected")


def test_an_app_that_cannot_refresh_gets_new_codes_while_it_is_behind(
    orders: Orders, asked: Order, clock: MovingClock
) -> None:
    clock.move(days=31)  # the codes that it was collected by are over
    with pytest.raises(OutOfTurn):
        service.renew_codes(asked, STUDENT)
    extensions.work_due()
    service.renew_codes(orders.latest, STUDENT)
    assert service.open_offer(orders.latest) is not None
    assert orders.latest.status == "collected"


def test_a_second_press_is_the_same_extension(orders: Orders, asked: Order) -> None:
    service.extend(asked, STUDENT)
    assert len(extensions_of(asked)) == 1
    assert db.session.query(AuditRecord).filter_by(event="extension_asked").count() == 1


def test_twenty_presses_at_once_are_one_extension(app: Flask, orders: Orders, due: Order) -> None:
    def press() -> None:
        with app.app_context():
            service.extend(service.owned(orders.student_id, public_id), STUDENT)

    public_id = due.public_id
    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(extensions_of(orders.latest)) == 1


def test_while_one_is_under_way_no_other_is_due(orders: Orders, asked: Order) -> None:
    standing = service.current_for(orders.student_id)
    assert standing.extension_due is None
    assert standing.extension is not None
    assert (standing.extension.status, standing.extension.asked_by) == ("waiting", STUDENT.name)


def test_pages_that_watch_see_every_step(orders: Orders, due: Order, door: Door) -> None:
    seen = [due.version]

    def look() -> None:
        seen.append(orders.latest.version)

    service.extend(due, STUDENT)
    look()
    door.before = look
    extensions.work_due()
    look()
    assert len(set(seen)) == 4
    assert seen == sorted(seen)


def test_a_card_that_cannot_be_longer_is_not_extended(orders: Orders) -> None:
    card = orders.collected()
    assert service.current_for(orders.student_id).extension_due is None
    with pytest.raises(OutOfTurn):
        service.extend(card, STUDENT)
    assert extensions_of(card) == []


def test_who_misses_a_criterion_is_told_so_and_nothing_is_written(orders: Orders, due: Order) -> None:
    status_lost(orders.student_id)
    version = orders.latest.version
    assert service.current_for(orders.student_id).extension_due is None
    with pytest.raises(NotEligible):
        service.extend(due, STUDENT)
    assert extensions_of(due) == []
    assert orders.latest.version == version


def test_a_card_that_was_not_collected_is_not_extended(orders: Orders) -> None:
    order = orders.ready()
    els_extended(orders.student_id)
    assert service.current_for(orders.student_id).extension_due is None
    with pytest.raises(OutOfTurn):
        service.extend(order, STUDENT)


def test_a_card_can_be_extended_again(orders: Orders, asked: Order) -> None:
    extensions.work_due()
    els_extended(orders.student_id, date(2028, 3, 31))
    service.extend(orders.latest, STUDENT)
    extensions.work_due()
    assert orders.latest.planned_valid_until == date(2028, 3, 31)
    assert [one.status for one in extensions_of(asked)] == ["done", "done"]


def test_the_trail_tells_who_asked_and_what_was_done(asked: Order) -> None:
    extensions.work_due()
    trail = db.session.query(AuditRecord).filter_by(subject=asked.public_id).order_by(AuditRecord.id)
    assert [(row.event, row.actor) for row in trail][-2:] == [
        ("extension_asked", STUDENT.name),
        ("card_extended", "extension"),
    ]
