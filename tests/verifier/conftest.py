"""An inspector at a browser, a student whose phone has a card, and another university with its own cards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal import chores
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, Recorder
from tests.support.html import Page
from tests.support.inspected import Phone
from tests.support.pages import CheckedClient, csrf_of
from tests.support.people import make_jpeg
from tests.support.wallet import FlaskHttp, HeldCard, Wallet
from tests.verifier.campus import URL, Campus

START = "/weryfikacja"


@dataclass
class Check:
    """One check, as the inspector's browser sees it."""

    client: CheckedClient
    path: str

    @property
    def html(self) -> str:
        answer = self.client.get(self.path)
        assert answer.status_code == 200
        return answer.text

    @property
    def page(self) -> Page:
        return Page(self.html)

    @property
    def section(self) -> str:
        return self.page.one("section", id="inspection").text

    @property
    def qr(self) -> str:
        """The text of the QR code."""
        return self.page.one("p", id="qr-text").text

    @property
    def verdict(self) -> str:
        """The large word; empty where there is none."""
        found = [h for h in self.page.all("h2") if "verdict" in h["class"].split()]
        return found[0].text if found else ""

    @property
    def poll_address(self) -> str:
        """What the open page asks next; empty where it asks no more."""
        return self.page.one("section", id="inspection")["data-hx-get"]


@dataclass
class Inspector:
    client: CheckedClient

    def begin(self, preset: str = "carrier") -> Check:
        token = csrf_of(self.client.get(START).text)
        answer = self.client.post(START, data={"csrf_token": token, "preset": preset})
        assert answer.status_code == 303
        return Check(self.client, answer.location)


def trust(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["verifier", "trust", *words])


@pytest.fixture
def inspector(client: CheckedClient) -> Inspector:
    return Inspector(client)


@pytest.fixture(autouse=True)
def library_clock(monkeypatch: pytest.MonkeyPatch, clock: MovingClock) -> None:
    """The reference implementation's holder asks no clock but the machine's."""
    monkeypatch.setattr("sd_jwt.holder.time", lambda: clock.now().timestamp())


@pytest.fixture
def desk(app: Flask) -> Desk:
    app.extensions["portal.issuer.listener"] = Recorder()
    return Desk(app)


@pytest.fixture
def wallet(app: Flask, clock: MovingClock) -> Wallet:
    return Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())


@pytest.fixture
def card(desk: Desk, wallet: Wallet) -> HeldCard:
    offer = desk.prepare(photo=make_jpeg())
    return wallet.collect(offer.uri, offer.activation_code)


@pytest.fixture
def phone(wallet: Wallet, card: HeldCard) -> Phone:
    """A student's phone with a card of this portal."""
    return Phone(wallet, card)


@pytest.fixture
def campus(app: Flask, clock: MovingClock) -> Campus:
    """Another university, which only answers while the test wants it to; nobody else can be asked."""
    campus = Campus(clock)
    app.extensions["portal.verifier.http"] = campus
    return campus


@pytest.fixture
def trusted(app: Flask, campus: Campus) -> Campus:
    assert trust(app, "add", URL).exit_code == 0
    campus.asked.clear()
    return campus


@pytest.fixture
def sweep(app: Flask) -> Callable[[], None]:
    """Every chore, as the thread does them."""

    def do() -> None:
        with app.app_context():
            for chore in chores.all_of_them():
                chore()

    return do


@pytest.fixture
def written(instance: Path) -> Callable[[], str]:
    """All that stands in the database now."""

    def dump() -> str:
        connection = sqlite3.connect(instance / "portal.sqlite")
        try:
            return "\n".join(connection.iterdump())
        finally:
            connection.close()

    return dump
