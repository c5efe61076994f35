"""A student who is logged in, what the portal comes to keep of that student, and the file about it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.audit import Actor
from portal.database import db, write
from portal.identity import Account
from portal.orders import issuance, service
from portal.orders.models import Mail, Order
from portal.registry.models import PlasticCard, Student
from tests.conftest import START, MovingClock
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_pesel, make_student
from tests.support.wallet import FlaskHttp, HeldCard, Wallet
from tests.usosapi.client import Phone
from tests.usosapi.conftest import Student as Letting
from tests.usosapi.conftest import new_phone

PAGE = "/dla-studentow/moje-dane"
PESEL = make_pesel(serial=4711)


@pytest.fixture
def student_id(app: Flask, client: CheckedClient) -> int:
    """Somebody who is logged in, with an e-mail address."""
    student_id = make_student(app, pesel=PESEL, els_pesel=PESEL)
    make_account(app, student_id)
    with app.app_context(), write() as session:
        session.get_one(Student, student_id).email = "anna@example.org"
    log_in(client, address="192.0.2.10")
    return student_id


@pytest.fixture
def card(app: Flask, student_id: int) -> HeldCard:
    """The student's, in the app; and a mail about it."""
    with app.app_context():
        service.place(student_id, actor(student_id))
        issuance.issue_due()
        with write() as session:
            mail = {"kind": "card_ready", "occasion": f"card_ready:{latest(student_id).public_id}"}
            session.add(Mail(student_id=student_id, created_at=START, sent_at=START, **mail))
    return collect(app, student_id)


@pytest.fixture
def phone(app: Flask, client: CheckedClient, clock: MovingClock, student_id: int) -> Phone:
    """The student's, with an app that was let in and has asked once."""
    phone = new_phone(app, clock)
    Letting(app, client, phone, student_id, account_id=0).let_in("cards|personal")
    phone.get("users/user")
    return phone


def collect(app: Flask, student_id: int) -> HeldCard:
    with app.app_context():
        offer = service.open_offer(latest(student_id))
        assert offer is not None
        wallet = Wallet(FlaskHttp(app), clock=START.timestamp)
        return wallet.collect(offer.uri, offer.activation_code)


def extend(app: Flask, student_id: int) -> None:
    with app.app_context():
        with write() as session:
            session.query(PlasticCard).update({"valid_until": date(2027, 10, 31)})
        service.extend(latest(student_id), actor(student_id))


def actor(student_id: int) -> Actor:
    account = db.session.query(Account).filter_by(student_id=student_id).one()
    return Actor(account.public_id, "192.0.2.10")


def latest(student_id: int) -> Order:
    order = service.current_for(student_id).order
    assert order is not None
    return order


def fetched(client: CheckedClient) -> TestResponse:
    answer = client.get(PAGE + ".json")
    assert answer.status_code == 200
    return answer


def data(client: CheckedClient) -> dict[str, Any]:
    return json.loads(fetched(client).text)
