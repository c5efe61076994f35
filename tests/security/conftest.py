"""People at their browsers, and every route of the portal, so that a new one can't be forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.database import db
from portal.issuer.interface import Offer
from portal.orders import issuance, service
from portal.orders.models import Order
from portal.settings import Settings
from tests.conftest import make_settings
from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.people import make_pesel, make_student

OWN_ADDRESS = "https://legitymacja.example.org"
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
MACHINE = ("/oid4vci/", "/oid4vp/", "/services/")
"""Endpoints that use no cookie, so that no token need protect them (security.md 1)."""
PAGE_AMONG_THEM = "/services/oauth/authorize"
"""Where a student lets an app in: a page with a form, by the cookie."""


NO_CARD = "0" * 32
"""The wallet's own cards are walked in tests/wallet."""


@dataclass(frozen=True)
class Route:
    """A rule of the URL map, with an address that fits it."""

    path: str
    methods: frozenset[str]
    endpoint: str
    required_role: str | None

    @property
    def changes(self) -> bool:
        return bool(self.methods & CHANGING)

    @property
    def machine(self) -> bool:
        return self.path.startswith(MACHINE) and not self.path.startswith(PAGE_AMONG_THEM)


@dataclass
class House:
    """A portal with a student whose codes are ready, another student, a member of staff, and a visitor."""

    app: Flask
    student: FlaskClient
    stranger: FlaskClient
    staff: FlaskClient
    visitor: FlaskClient
    student_id: int
    pesel: str
    order_id: str = field(default="")

    @property
    def everybody(self) -> dict[str, FlaskClient]:
        return {name: getattr(self, name) for name in ("student", "stranger", "staff", "visitor")}

    def routes(self, chosen: Callable[[Route], bool] = lambda _: True) -> list[Route]:
        """Every route, with the student's own order where one is asked for."""
        every = [self._route(rule) for rule in self.app.url_map.iter_rules()]
        return [route for route in sorted(every, key=lambda route: route.path) if chosen(route)]

    def _route(self, rule: Rule) -> Route:
        asset = next(path for path in self.app.extensions["portal.assets.by_path"] if path.endswith(".css"))
        known = {"public_id": self.order_id, "list_id": 1, "path": asset}
        if rule.endpoint.startswith("wallet."):
            known["public_id"] = NO_CARD
        values = {name: known.get(name, "nobody") for name in rule.arguments}
        with self.app.test_request_context():
            path = self.app.url_map.bind("").build(rule.endpoint, values)
        view = self.app.view_functions[rule.endpoint]
        role = getattr(view, "required_role", None)
        return Route(path, frozenset(rule.methods or ()), rule.endpoint, role and str(role))

    def offer(self) -> Offer:
        with self.app.app_context():
            order = db.session.query(Order).filter_by(public_id=self.order_id).one()
            offer = service.open_offer(order)
        assert offer is not None
        return offer


def somebody(app: Flask, login: str, role: str = "student", **student: object) -> tuple[FlaskClient, int]:
    """A browser with this person logged in, and the student's key."""
    student_id = make_student(app, login, **student) if role == "student" else 0  # type: ignore[arg-type]
    make_account(app, student_id or None, login, role=role)
    client = app.test_client()
    assert log_in(client, login).status_code == 303
    return client, student_id


@pytest.fixture
def settings(instance: Path) -> Settings:
    """With the wallet, so that its pages are walked too."""
    return make_settings(instance, wallet=True)


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """A browser without scripts and without checks of the page: this is about what goes over the wire."""
    return app.test_client()


@pytest.fixture
def house(app: Flask, visitor: FlaskClient) -> House:
    pesel = make_pesel(serial=4711)
    student, student_id = somebody(app, "100001", pesel=pesel)
    stranger, _ = somebody(app, "100002", surname="Obca")
    staff, _ = somebody(app, "dziekanat", "staff")
    house = House(app, student, stranger, staff, visitor, student_id, pesel)
    assert send(student, "/portfel/zaloz", {"pin": "2580", "repeated": "2580"}).status_code == 303
    answer = send(student, "/dla-studentow/mlegitymacja/zamow")
    assert answer.status_code == 303
    with app.app_context():
        issuance.issue_due()
        house.order_id = db.session.query(Order).one().public_id
    return house


def send(client: FlaskClient, path: str, form: dict[str, str] | None = None) -> TestResponse:
    """A form with a good token, as a browser of our pages sends it."""
    return post(client, path, {"csrf_token": csrf_token(client, "/pomoc/mlegitymacja"), **(form or {})})


@pytest.fixture
def written(app: Flask, instance: Path) -> Callable[[], list[str]]:
    """What stands in the database now, line by line; but the audit, which notes what was refused."""

    def dump() -> Iterator[str]:
        with sqlite3.connect(instance / "portal.sqlite") as connection:
            for line in connection.iterdump():
                if not line.startswith('INSERT INTO "audit"'):
                    yield line
        connection.close()

    return lambda: list(dump())
