from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.audit import Actor
from portal.database import db, write
from portal.issuer.interface import Offer
from portal.orders import extensions, issuance, service
from portal.orders.models import Extension, Order
from portal.orders.states import Event, Reason
from portal.orders.sweep import sweep
from portal.orders.transitions import Cause, move
from portal.registry.models import PlasticCard, Programme
from portal.registry.models import Student as RegistryStudent
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient, csrf_of
from tests.support.people import make_student
from tests.support.wallet import FlaskHttp, HeldCard, Wallet

PAGE = "/dla-studentow/mlegitymacja"
OFFICE = Actor("office of the test")
OLD = date(2027, 3, 31)
NEW = date(2027, 10, 31)


@dataclass
class Student:
    """Somebody logged in at a browser without scripts."""

    app: Flask
    client: CheckedClient
    id: int
    album: str = "100001"

    def speaks(self, language: str) -> None:
        """Set the language that the browser asks for."""
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language

    def page(self, path: str = PAGE) -> Page:
        return Page(self.client.get(path, follow_redirects=True).text)

    @property
    def section(self) -> str:
        """What the section with the order says, with one space after a row's label."""
        page = self.page()
        text = page.one("section", id="order").text
        for label in page.all("dt"):
            text = text.replace(label.text, label.text + " ")
        return text

    def press(self, path: str, **form: str) -> TestResponse:
        token = csrf_of(self.client.get(PAGE).text)
        return self.client.post(path, data={"csrf_token": token, **form}, headers={"Referer": self.own(PAGE)})

    def own(self, path: str) -> str:
        return self.client.base_url + path

    def order(self) -> Order:
        self.press(PAGE + "/zamow")
        return self.latest

    @property
    def latest(self) -> Order:
        with self.app.app_context():
            order = db.session.query(Order).filter_by(student_id=self.id).order_by(Order.id.desc()).first()
        assert order is not None
        return order

    def issue(self) -> None:
        with self.app.app_context():
            issuance.issue_due()

    def collect(self) -> HeldCard:
        """Order, and take the card with the student's phone."""
        self.order()
        self.issue()
        return self.scan()

    def scan(self) -> HeldCard:
        """Take the card by the codes that are open."""
        offer = self.offer
        assert offer is not None
        return self.phone.collect(offer.uri, offer.activation_code)

    @cached_property
    def phone(self) -> Wallet:
        clock = self.app.extensions["portal.clock"]
        return Wallet(FlaskHttp(self.app), clock=lambda: clock.now().timestamp())

    def extend(self) -> TestResponse:
        """Press „Przedłuż mLegitymację”."""
        return self.press(f"{PAGE}/przedluz/{self.latest.public_id}")

    def extended(self) -> None:
        """Press it, and let the engine do its part."""
        self.extend()
        self.work()

    def work(self) -> None:
        with self.app.app_context():
            extensions.work_due()

    def els_is_good_until(self, last_day: date) -> None:
        """As an import would write it that found the plastic card extended."""
        with self.app.app_context(), write() as session:
            session.query(PlasticCard).filter_by(student_id=self.id).update({"valid_until": last_day})

    def becomes(self, **columns: object) -> None:
        """As an import would write it, without what follows from it."""
        with self.app.app_context(), write() as session:
            session.query(RegistryStudent).filter_by(id=self.id).update(columns)

    def studies(self, level: str) -> None:
        with self.app.app_context(), write() as session:
            session.query(Programme).filter_by(student_id=self.id).update({"level": level})

    def is_revoked_for(self, reason: Reason) -> None:
        with self.app.app_context():
            service.revoke_by_university(self.latest, OFFICE, reason)

    def is_shortened_to(self, last_day: date) -> None:
        """As when the registry learns that the right to the card ends earlier."""
        with self.app.app_context(), write() as session:
            assert move(session, self.latest.id, Event.SHORTEN, Cause(OFFICE), planned_valid_until=last_day)

    @property
    def extension(self) -> Extension | None:
        with self.app.app_context():
            return service.current_for(self.id).extension

    def sweep(self) -> None:
        with self.app.app_context():
            sweep()

    def log_in_again(self) -> None:
        log_in(self.client, self.album)

    @property
    def offer(self) -> Offer | None:
        with self.app.app_context():
            return service.open_offer(self.latest)

    def poll_address(self, path: str = PAGE) -> str | None:
        return self.page(path).one("section", id="order")["data-hx-get"] or None

    def poll(self, address: str) -> TestResponse:
        return self.client.get(address, headers={"HX-Request": "true"})


def parameters(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def student(app: Flask, client: CheckedClient) -> Student:
    student_id = make_student(app)
    make_account(app, student_id)
    log_in(client)
    return Student(app, client, student_id)


@pytest.fixture
def stranger(app: Flask, second_client: CheckedClient) -> Student:
    """Another student, at another browser."""
    student_id = make_student(app, "100002", surname="Obca")
    make_account(app, student_id, "100002")
    log_in(second_client, "100002")
    return Student(app, second_client, student_id, "100002")
