"""Reminding of a card's end 30 days before: once for each last day, however late the sweep is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from portal.clock import WARSAW
from portal.database import db, write
from portal.orders import CardEvents, mails, reminders, service
from portal.orders.mails import Kind
from portal.orders.models import Mail, Order
from portal.orders.sweep import sweep
from portal.orders.validity import reminder_at
from tests.conftest import MovingClock
from tests.life.kills import killed
from tests.orders.conftest import STUDENT, Orders
from tests.orders.mails.mailing import DUE, subjects
from tests.support.people import make_student
from tests.support.post_office import PostOffice

LAST_DAY = date(2027, 3, 31)
NINE = datetime(2027, 3, 1, 9, 0, tzinfo=WARSAW)


@pytest.fixture
def card(orders: Orders) -> Order:
    """Collected, good to 31 March 2027, and no mail waits."""
    card = orders.collected()
    assert card.planned_valid_until == LAST_DAY
    mails.send_due()
    return card


def put_mails() -> list[tuple[str, str]]:
    db.session.rollback()
    return [(row.kind, row.occasion) for row in db.session.query(Mail).filter(Mail.kind != Kind.CARD_READY)]


def go_to(clock: MovingClock, moment: datetime) -> None:
    clock.instant = moment


def test_thirty_days_before_the_end_at_nine(card: Order, clock: MovingClock, post_office: PostOffice) -> None:
    go_to(clock, NINE - timedelta(seconds=1))
    assert reminders.remind() == 0
    go_to(clock, NINE)
    assert reminders.remind() == 1
    assert put_mails() == [("extension_due", f"extension_due:{card.public_id}:2027-03-31")]
    assert mails.send_due() == 1
    assert subjects(post_office) == [f"{DUE['pl']} / {DUE['en']}"]


def test_the_sweep_reminds_and_never_twice(card: Order, clock: MovingClock) -> None:
    go_to(clock, NINE)
    for _day in range(29):
        sweep()
        clock.move(days=1)
    assert len(put_mails()) == 1
    assert db.session.get_one(Order, card.id).remind_at is None


def test_a_late_sweep_still_reminds(card: Order, clock: MovingClock) -> None:
    go_to(clock, datetime(2027, 3, 31, 23, 59, tzinfo=WARSAW))
    reminders.remind()
    assert len(put_mails()) == 1


def test_a_card_past_its_last_day_is_not_told_of(card: Order, clock: MovingClock) -> None:
    go_to(clock, datetime(2027, 4, 1, 0, 0, tzinfo=WARSAW))
    assert reminders.remind() == 1
    assert reminders.remind() == 0
    assert put_mails() == []


def test_an_ended_card_is_not_told_of(card: Order, clock: MovingClock) -> None:
    service.revoke(card, STUDENT)
    go_to(clock, NINE)
    assert reminders.remind() == 1
    assert reminders.remind() == 0
    assert [kind for kind, _ in put_mails()] == ["card_revoked"]


def test_whom_an_import_has_told_already_gets_no_second_mail(card: Order, clock: MovingClock) -> None:
    with write() as session:
        occasion = f"{card.public_id}:{card.planned_valid_until}"
        mails.put(session, card.student_id, Kind.EXTENSION_DUE, occasion)
    go_to(clock, NINE)
    reminders.remind()
    assert len(put_mails()) == 1


def test_an_extended_card_is_told_of_again_before_its_new_end(card: Order, clock: MovingClock) -> None:
    go_to(clock, NINE)
    reminders.remind()
    later = date(2027, 10, 31)
    with write() as session:
        new = {"planned_valid_until": later, "remind_at": reminder_at(later)}
        session.query(Order).update(new)
    clock.move(days=100)
    assert reminders.remind() == 0
    go_to(clock, datetime(2027, 10, 1, 9, 0, tzinfo=WARSAW))
    reminders.remind()
    assert [occasion.rpartition(":")[2] for _, occasion in put_mails()] == ["2027-03-31", "2027-10-31"]


def test_a_card_of_an_older_portal_is_looked_at_and_told_of_in_time(card: Order, clock: MovingClock) -> None:
    """The migration knows no reminder: it has every collected card looked at once."""
    with write() as session:
        session.query(Order).update({"remind_at": card.status_at})
    assert reminders.remind() == 1
    assert put_mails() == []
    assert db.session.get_one(Order, card.id).remind_at == NINE


def test_an_extension_at_the_same_moment_wins(
    card: Order, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(clock, NINE)
    later = date(2027, 10, 31)
    remind = reminders._remind

    def after_an_extension(session: object, order: reminders.Due) -> None:
        new = {"planned_valid_until": later, "remind_at": reminder_at(later)}
        session.query(Order).update(new)  # type: ignore[attr-defined]
        remind(session, order)  # type: ignore[arg-type]

    monkeypatch.setattr(reminders, "_remind", after_an_extension)
    reminders.remind()
    assert put_mails() == []
    assert db.session.get_one(Order, card.id).remind_at == reminder_at(later)


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_while_reminding_loses_and_doubles_nothing(
    card: Order, clock: MovingClock, after: bool
) -> None:
    go_to(clock, NINE)
    with killed(1, after=after):
        reminders.remind()
    reminders.remind()
    assert len(put_mails()) == 1


def test_many_are_reminded_in_small_batches(app: Flask, orders: Orders, clock: MovingClock) -> None:
    for number in range(reminders.BATCH + 1):
        somebody = Orders(make_student(app, f"{200000 + number}"))
        order = somebody.ready()
        with write() as session:
            assert CardEvents().card_collected(session, order.public_id, order.planned_valid_until)
    go_to(clock, NINE)
    assert [reminders.remind() for _round in range(3)] == [reminders.BATCH, 1, 0]
