"""Who is told of what: written down once with what it tells of, and still true when it is sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app, smtp
from portal.audit import AuditRecord
from portal.database import db, write
from portal.identity import Account
from portal.orders import issuance, mails, service
from portal.orders.mails import Kind
from portal.orders.models import Mail, Order
from portal.orders.states import Status
from tests.conftest import MovingClock, make_settings
from tests.life.kills import killed
from tests.orders.conftest import STUDENT, Orders
from tests.orders.mails.mailing import (
    move_to,
    put,
    waiting,
)
from tests.support.post_office import PostOffice


def test_a_ready_card_is_told_of_once_also_with_new_codes(orders: Orders, post_office: PostOffice) -> None:
    order = orders.ready()
    service.renew_codes(order, STUDENT)
    assert waiting() == 1
    mails.send_due()
    service.renew_codes(orders.latest, STUDENT)
    assert waiting() == 0
    assert len(post_office.mails) == 1


def test_a_cancelled_order_is_told_of_by_no_mail(orders: Orders, post_office: PostOffice) -> None:
    service.cancel(orders.ready(), STUDENT)
    assert mails.send_due() == 0
    assert post_office.mails == []


def test_a_mail_is_written_with_what_it_tells_of_or_not_at_all(orders: Orders) -> None:
    order = orders.place()
    with killed(2, after=False):  # the claim is the first commit, the end of the work the second
        issuance.issue(order.id)
    assert orders.latest.status == Status.IN_PROGRESS
    assert waiting() == 0


def test_without_a_mail_server_nothing_is_written(instance: Path, orders: Orders, clock: MovingClock) -> None:
    quiet = create_app(make_settings(instance), time=clock)
    with quiet.app_context():
        orders.ready()
        assert db.session.query(Mail).count() == 0
        assert mails.send_due() == 0


def test_who_has_no_account_gets_none(orders: Orders) -> None:
    with write() as session:
        session.query(Account).delete()
    orders.ready()
    assert db.session.query(Mail).count() == 0


def test_turned_off_nothing_is_written_and_what_waits_is_dropped(
    orders: Orders, post_office: PostOffice
) -> None:
    orders.ready()
    mails.choose(orders.student_id, False, STUDENT)
    assert waiting() == 0
    service.cancel(orders.latest, STUDENT)
    orders.ready()
    assert waiting() == 0
    mails.choose(orders.student_id, True, STUDENT)
    assert mails.send_due() == 0
    assert post_office.mails == []


def test_the_choice_is_looked_up_when_sending_too(orders: Orders, post_office: PostOffice) -> None:
    orders.ready()
    with write() as session:
        session.query(Account).update({"wants_mail": False})
    assert mails.send_due() == 0
    assert (waiting(), post_office.got) == (0, [])


def test_turned_off_while_the_server_is_asked_it_is_not_sent(
    orders: Orders, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.ready()
    agree = smtp.Connection._agree

    def agree_slowly(*args: object) -> None:
        agree(*args)  # type: ignore[arg-type]
        mails.choose(orders.student_id, False, STUDENT)

    monkeypatch.setattr(smtp.Connection, "_agree", agree_slowly)
    assert mails.send_due() == 0
    assert post_office.mails == []


def test_choosing_is_in_the_audit_once(orders: Orders) -> None:
    for wanted in (False, False, True):
        mails.choose(orders.student_id, wanted, STUDENT)
    events = [row.event for row in db.session.query(AuditRecord).order_by(AuditRecord.id)]
    assert events == ["mails_turned_off", "mails_turned_on"]


def test_without_an_address_it_is_dropped(app: Flask, orders: Orders, post_office: PostOffice) -> None:
    move_to(app, orders.student_id, None)
    orders.ready()
    assert mails.send_due() == 0
    assert (waiting(), post_office.got) == (0, [])


def test_the_address_of_the_moment_counts(app: Flask, orders: Orders, post_office: PostOffice) -> None:
    orders.ready()
    move_to(app, orders.student_id, "new@example.org")
    mails.send_due()
    assert post_office.recipients == ["new@example.org"]


def test_nobody_is_asked_to_collect_what_is_collected(orders: Orders, post_office: PostOffice) -> None:
    orders.collected()
    assert mails.send_due() == 0
    assert post_office.mails == []


def test_nobody_is_asked_to_extend_what_ends_elsewhen_by_now(orders: Orders, post_office: PostOffice) -> None:
    put(orders, Kind.EXTENSION_DUE)
    later = orders.latest.planned_valid_until + timedelta(days=214)
    with write() as session:
        session.query(Order).update({"planned_valid_until": later})
    assert mails.send_due() == 0
    assert post_office.mails == []
