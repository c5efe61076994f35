"""A small university in one process: its file of students, its portal, its time, its students' phones.

Everything goes through what people use: pages, the import, the wallet's protocol, the engine's rounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.clock import WARSAW
from portal.database import db
from portal.orders import extensions, issuance
from portal.orders.sweep import sweep
from tests.conftest import MovingClock, make_settings
from tests.life.kills import killed
from tests.registry.table import row, write_csv
from tests.support.html import Page
from tests.support.login import log_in, make_account, post
from tests.support.people import make_jpeg, make_pesel
from tests.support.wallet import FlaskHttp, HeldCard, Refused, Wallet

PAGE = "/dla-studentow/mlegitymacja"
TOKEN = re.compile(r'name="csrf_token"[^>]*\bvalue="([^"]+)"')


@dataclass
class Person:
    """Somebody in USOS, as the university's file has them, with a browser and phones."""

    number: int
    given_names: str = "Żaneta"
    active: bool = True
    els_until: date = date(2027, 10, 31)
    els_names: str = "Żaneta"
    els_serial: int = 1
    phone: Wallet | None = None
    cards: list[tuple[HeldCard, str]] = field(default_factory=list)
    """Every card that any phone of theirs ever got, with the given names that it shows."""

    @property
    def album(self) -> str:
        return f"{200000 + self.number}"

    def row(self) -> dict[str, str]:
        return row(
            self.number,
            pesel=make_pesel(serial=self.number),
            given_names=self.given_names,
            student_status="active" if self.active else "inactive",
            els_number=f"ELS{self.number}-{self.els_serial}",
            els_valid_until=self.els_until.isoformat(),
            els_given_names=self.els_names,
            els_surname="Łąkowska",
            els_pesel=make_pesel(serial=self.number),
            photo=f"{self.album}.jpg",
        )


class University:
    def __init__(self, directory: Path, instance: Path, people: int) -> None:
        self.directory = directory
        self.clock = MovingClock()
        self.app: Flask = create_app(make_settings(instance), time=self.clock)
        self.http = FlaskHttp(self.app)
        self.people = [Person(number) for number in range(1, people + 1)]
        for person in self.people:
            portrait = make_jpeg(colour=f"#5577{90 + person.number}")
            (directory / f"{person.album}.jpg").write_bytes(portrait)
        self.bring_up_to_date()
        for person in self.people:
            with self.app.app_context():
                key = db.session.execute(
                    db.text("SELECT id FROM students WHERE album_number = :album"), {"album": person.album}
                ).scalar_one()
            make_account(self.app, key, person.album)

    @property
    def today(self) -> date:
        return self.clock.now().astimezone(WARSAW).date()

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    # What the office does

    def bring_up_to_date(self, *, kill: tuple[int, bool] = (0, False)) -> None:
        """Import the university's file, as often as it takes: a killed import is simply run again."""
        path = write_csv(self.directory, *(person.row() for person in self.people))
        words = ["registry", "import", str(path), "--photos", str(self.directory), "--allow-mass-revocation"]
        if kill[0]:
            with killed(kill[0], after=kill[1]):
                self.app.test_cli_runner().invoke(args=words)
        result = self.app.test_cli_runner().invoke(args=words)
        assert result.exit_code == 0, result.output

    # What the engine does

    def engine(self, *, kill: tuple[int, bool] = (0, False)) -> None:
        with self.app.app_context(), killed(kill[0], after=kill[1]):
            issuance.issue_due()
            extensions.work_due()
            sweep()

    def settle(self) -> None:
        """Let the engine finish what can be finished without time passing."""
        for _ in range(6):
            self.engine()

    # What students do

    def browser(self, person: Person) -> FlaskClient:
        client = self.app.test_client()
        assert log_in(client, person.album).status_code == 303
        return client

    def press(self, person: Person, path: str, *, kill: tuple[int, bool] = (0, False)) -> bool:
        """Send the form at `path`; True where the portal confirmed it (and was not killed)."""
        client = self.browser(person)
        token = TOKEN.search(client.get(PAGE, base_url="https://legitymacja.example.org").text)
        assert token
        with killed(kill[0], after=kill[1]):
            answer = post(client, path, {"csrf_token": token[1]})
            assert answer.status_code == 303, (path, answer.status_code)
            return True
        return False

    def page(self, person: Person, path: str = PAGE) -> Page:
        client = self.browser(person)
        answer = client.get(path, base_url="https://legitymacja.example.org", follow_redirects=True)
        assert answer.status_code == 200, path
        return Page(answer.text)

    def codes(self, person: Person) -> tuple[str, str] | None:
        """The QR's text and the activation code that the student's page shows."""
        page = self.page(person, PAGE + "/kody")
        if not page.all("p", id="qr-text"):
            return None
        typed = re.sub(r"\D", "", page.one("button", id="copy-code")["data-copy"])
        return page.one("p", id="qr-text").text.strip(), typed

    # What phones do

    def with_phone(
        self, person: Person, act: Callable[[Wallet], HeldCard], *, kill: tuple[int, bool]
    ) -> None:
        """`act` on the person's phone; a refusal is an answer like any other."""
        if person.phone is None:
            person.phone = Wallet(self.http, clock=lambda: self.clock.now().timestamp())
        with killed(kill[0], after=kill[1]), suppress(Refused):
            card = act(person.phone)
            person.cards.append((card, card.claims["given_name"]))

    def looks_valid(self, card: HeldCard) -> bool:
        """As an inspector with a connection sees it now."""
        ends = datetime.fromtimestamp(card.claims["exp"], WARSAW)
        phone = Wallet(self.http, clock=lambda: self.clock.now().timestamp())
        return self.clock.now() < ends and phone.status(card) == 0
