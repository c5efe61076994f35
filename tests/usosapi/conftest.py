from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from portal.orders import issuance
from portal.usosapi import consumers
from portal.usosapi.scopes import Scope
from tests.conftest import MovingClock
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient, hidden_fields
from tests.support.people import make_pesel, make_student
from tests.usosapi.client import CALLBACK, Phone

PESEL = make_pesel(serial=4711)


@dataclass
class Student:
    """A student logged in at a browser without scripts, and an app on the student's phone."""

    app: Flask
    client: CheckedClient
    phone: Phone
    id: int
    account_id: int

    def decide(self, page: str, decision: str = "allow") -> str:
        """Open the consent page and press a button; where the browser is led, or the PIN."""
        fields = hidden_fields(self.client.get(page).text)
        form = {name: fields[name] for name in ("csrf_token", "oauth_token")}
        answer = self.client.post("/services/oauth/authorize", data={**form, "decision": decision})
        assert answer.status_code == 303, answer.text
        if "/services/oauth/authorized" not in answer.location:
            return answer.location
        shown = Page(self.client.get(answer.location).text)
        return shown.one("p", id="pin").text.replace(" ", "")[:8]

    def let_in(self, scopes: str = "cards|offline_access") -> Phone:
        """The whole way to an access token, with a PIN."""
        answer = self.phone.exchange(self.decide(self.phone.ask(scopes=scopes)))
        assert answer.status_code == 200, answer.text
        return self.phone

    def issue(self) -> None:
        with self.app.app_context():
            issuance.issue_due()


def new_phone(
    app: Flask, clock: MovingClock, name: str = "Mobilny USOS", callback: str | None = CALLBACK
) -> Phone:
    """A newly registered app that may ask for everything."""
    with app.app_context():
        new = consumers.add(name, callback, list(Scope))
    return Phone(app, clock, new.key, new.secret)


@pytest.fixture
def phone(app: Flask, clock: MovingClock) -> Phone:
    return new_phone(app, clock)


@pytest.fixture
def student(app: Flask, client: CheckedClient, phone: Phone) -> Student:
    student_id = make_student(app, pesel=PESEL)
    account_id = make_account(app, student_id)
    assert log_in(client).status_code == 303
    return Student(app, client, phone, student_id, account_id)
