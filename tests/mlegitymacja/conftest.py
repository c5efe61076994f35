from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.database import db
from portal.issuer.interface import Offer
from portal.orders import issuance, service
from portal.orders.models import Order
from portal.orders.sweep import sweep
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient, csrf_of
from tests.support.people import make_student

PAGE = "/dla-studentow/mlegitymacja"


@dataclass
class Student:
    """Somebody logged in at a browser without scripts."""

    app: Flask
    client: CheckedClient
    id: int

    def page(self, path: str = PAGE) -> Page:
        return Page(self.client.get(path, follow_redirects=True).text)

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

    def sweep(self) -> None:
        with self.app.app_context():
            sweep()

    def log_in_again(self) -> None:
        log_in(self.client)

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
    return Student(app, second_client, student_id)
