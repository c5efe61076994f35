"""What a test of the card's life needs beside the browser: a phone, and what an import would have written."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.clock import WARSAW
from tests.browser.conftest import PAGE, Visitor
from tests.support.server import Server
from tests.support.wallet import HeldCard, RequestsHttp, Wallet


def today() -> date:
    """As the server has it: its clock is the real one."""
    return datetime.now(WARSAW).date()


@dataclass
class Holder:
    """A student of the sample with a window open, and with a phone."""

    visitor: Visitor
    server: Server
    album: str

    def collect(self) -> HeldCard:
        """Order afresh and take the card, with scripts or without; the order page is open then."""
        self.visitor.log_in(self.album)
        self.end_whatever_there_is()
        self.visitor.open(PAGE)
        self.visitor.page.click("#place-order")
        self.look_until("#show-codes")
        self.visitor.page.click("#show-codes")
        self.phone = Wallet(RequestsHttp())
        card = self.scan()
        self.look_until(".status--collected")
        return card

    def look_until(self, sign: str) -> None:
        """Open the order page by hand until it shows this."""
        for _look in range(50):
            self.visitor.open(PAGE)
            if self.visitor.page.locator(sign).count():
                return
            self.visitor.page.wait_for_timeout(200)
        raise AssertionError(f"the page never showed {sign}")

    def scan(self) -> HeldCard:
        """Take the card by the codes that the page shows."""
        page = self.visitor.page
        code = page.locator("#activation-code [aria-hidden]").inner_text()
        return self.phone.collect(page.locator("#qr-text").inner_text(), code.replace(" ", ""))

    def end_whatever_there_is(self) -> None:
        """Days as at the start, so that ordering is possible; an order or card of another test is gone."""
        self.els_is_good_for(days=60)
        self.becomes("active")
        self.sql(f"UPDATE orders SET status = 'cancelled', due_at = NULL WHERE student_id = {self._me}")
        self.sql(f"UPDATE order_extensions SET status = 'dropped' WHERE order_id IN ({self._my_orders})")

    def els_is_good_for(self, *, days: int) -> date:
        """The day until which the plastic card is good now."""
        until = today() + timedelta(days=days)
        self.sql(f"UPDATE plastic_cards SET valid_until = ? WHERE student_id = {self._me}", until.isoformat())
        return until

    def card_ends_in(self, *, days: int) -> None:
        """A card that was ordered long ago."""
        until = (today() + timedelta(days=days)).isoformat()
        self.order("planned_valid_until = ?, copy_valid_until = ?", until, until)

    def becomes(self, status: str) -> None:
        self.sql(f"UPDATE students SET status = ? WHERE id = {self._me}", status)

    def order(self, changes: str, *values: object) -> None:
        """Change the latest order, as the portal would have some time or another."""
        latest = f"(SELECT max(id) FROM orders WHERE student_id = {self._me})"
        self.sql(f"UPDATE orders SET version = version + 1, {changes} WHERE id = {latest}", *values)

    def extension(self, status: str, reason: str | None = None) -> None:
        """As if the engine had brought the latest extension there; it is told to leave it alone."""
        latest = f"(SELECT max(id) FROM order_extensions WHERE order_id IN ({self._my_orders}))"
        changes = "status = ?, reason = ?, due_at = NULL"
        self.sql(f"UPDATE order_extensions SET {changes} WHERE id = {latest}", status, reason)

    def press_and_hold(self) -> None:
        """As if the student had pressed „Przedłuż”, and the engine were busy with others."""
        self.sql(
            "INSERT INTO order_extensions (order_id, status, old_valid_until, new_valid_until, asked_at,"
            " asked_by, status_at, attempts) SELECT id, 'waiting', planned_valid_until,"
            " date(planned_valid_until, '+140 days'), status_at, 'test', status_at, 0 FROM orders"
            " WHERE id = (SELECT max(id) FROM orders)"
        )

    def sql(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.server.instance / "portal.sqlite", timeout=10) as connection:
            connection.execute(statement, values)

    @property
    def _me(self) -> str:
        return f"(SELECT id FROM students WHERE album_number = '{self.album}')"

    @property
    def _my_orders(self) -> str:
        return f"SELECT id FROM orders WHERE student_id = {self._me}"
