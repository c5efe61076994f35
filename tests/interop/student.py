"""A student of a portal elsewhere, over the network: orders the card, gets it extended, revokes it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import requests

from portal.clock import WARSAW
from tests.interop.visitor import Visitor
from tests.support.html import Element
from tests.support.server import Server

PAGE = "/dla-studentow/mlegitymacja"


@dataclass(frozen=True)
class Codes:
    """What the order page shows: the text of the QR, and the activation code."""

    text: str
    activation_code: str


class Student:
    """One of the sample's, with a browser of their own."""

    def __init__(self, server: Server, album: str, session: requests.Session | None = None) -> None:
        self.server = server
        self.album = album
        self.browser = Visitor(server.url, session)
        self.browser.open("/logowanie")
        self.browser.send("/logowanie", login=album, password="student")

    def order(self) -> Codes:
        """Order, and wait for the codes."""
        self.browser.open(PAGE)
        self.browser.send(f"{PAGE}/zamow")
        self.look_until("show-codes")
        page = self.browser.open(f"{PAGE}/kody")
        shown = next(e for e in page.all("span", aria_hidden="true") if e.inside("p") and _in_code(e))
        return Codes(page.one(id="qr-text").text, shown.text.replace(" ", ""))

    def extend(self, days: int) -> date:
        """The office extends the plastic card until so many days from today; then press „Przedłuż”."""
        until = datetime.now(WARSAW).date() + timedelta(days=days)
        self.sql(
            "UPDATE plastic_cards SET valid_until = ? WHERE student_id = (SELECT id FROM students"
            " WHERE album_number = ?)",
            until.isoformat(),
            self.album,
        )
        page = self.browser.open(PAGE)
        (button,) = page.all("button", id="extend-card")
        form = next(one for one in button.ancestors if one.tag == "form")
        self.browser.send(self.browser.path_of(form))
        self.look_until_it_says("Aplikacja ma jeszcze starą datę")
        return until

    def revoke(self) -> None:
        self.browser.open(PAGE)
        path = self.browser.page.one(id="revoke-card")["href"]
        self.browser.open(path)
        self.browser.send(path)

    def look_until(self, sign: str) -> None:
        """Open the order page until it has an element of this id."""
        self._look(lambda: bool(self.browser.page.all(id=sign)), sign)

    def look_until_it_says(self, words: str) -> None:
        self._look(lambda: words in self.browser.text, words)

    def _look(self, there: Callable[[], bool], what: str) -> None:
        for _look in range(100):
            self.browser.open(PAGE)
            if there():
                return
            time.sleep(0.1)
        raise AssertionError(f"the page never showed {what}: {self.browser.text}")

    def sql(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.server.instance / "portal.sqlite", timeout=10) as connection:
            connection.execute(statement, values)
        connection.close()


def _in_code(element: Element) -> bool:
    return any(ancestor["id"] == "activation-code" for ancestor in element.ancestors)
