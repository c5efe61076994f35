"""kill -9, again and again, while students order, watch, collect, extend and revoke over HTTP.

Whatever a student was told is true afterwards. `synchronous` is as it is shipped: to the process this is a
power cut.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests

from portal.orders.states import ENDED
from tests.faults.test_server_process import until
from tests.support.database_file import ask, what_is_wrong
from tests.support.server import Server
from tests.support.tab import PAGE, Tab
from tests.support.wallet import HeldCard, Refused, RequestsHttp, Wallet

pytestmark = pytest.mark.faults

STUDENTS = ("100001", "100003", "100005", "100006")
KILLS = 4
SEEN = re.compile(r"seen=([0-9a-f]{32})\.([0-9]+)")
ENDINGS = ("anuluj", "uniewaznij", "nowy-telefon")


@dataclass
class Student:
    """Presses whatever the page offers, by chance, and remembers what was confirmed."""

    server: Server
    login: str
    stop: threading.Event
    seen: Counter[str] = field(default_factory=Counter)
    """The highest version of each order that a page has shown."""
    ended: set[str] = field(default_factory=set)
    cards: list[tuple[str, HeldCard]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    def live(self) -> None:
        chance, tab = random.Random(self.login), None
        while not self.stop.is_set():
            # What a student meets while the server is killed, or while another order than expected is shown.
            try:
                tab = tab or self.open_a_tab()
                self.act(tab, chance.choice(["kody", "kody", "przedluz", *ENDINGS]))
            except (requests.RequestException, Refused, AssertionError):
                time.sleep(0.2)

    def open_a_tab(self) -> Tab:
        tab = Tab(self.server, self.login)
        tab.session.hooks["response"].append(lambda answer, **_: self.answers.update([answer.status_code]))
        return tab

    def act(self, tab: Tab, what: str) -> None:
        tab.order()
        page = tab.get(PAGE).text
        shown = SEEN.search(page)
        if shown is not None:
            self.seen[shown[1]] = max(self.seen[shown[1]], int(shown[2]))
        if what == "kody" and shown is not None and (codes := tab.codes()) is not None:
            self.cards.append((shown[1], Wallet(RequestsHttp()).collect(*codes)))
        button = re.search(rf"{PAGE}/{what}/([0-9a-f]{{32}})", page)
        if button is not None and tab.post(button[0]).status_code == 303 and what in ENDINGS:
            self.ended.add(button[1])


@contextmanager
def at_their_browsers(students: list[Student], stop: threading.Event) -> Iterator[None]:
    threads = [threading.Thread(target=student.live, daemon=True) for student in students]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a student never got an answer"


def kill_again_and_again(server: Server, students: list[Student]) -> None:
    chance = random.Random(1)

    def answered() -> int:
        return sum(student.answers.total() for student in students)

    def enough_to_check() -> bool:
        return ended_by(students) > KILLS and taken_by(students) > KILLS

    for kill in range(KILLS):
        enough = answered() + chance.randint(20, 60)
        until(lambda enough=enough: answered() >= enough, seconds=60)  # type: ignore[misc]
        server.kill()
        if kill == 1:  # from now on cards can be extended
            later = date.today() + timedelta(days=400)  # noqa: DTZ011 — the office's calendar
            ask(server.instance, "UPDATE plastic_cards SET valid_until = ?", later.isoformat())
        server.start()
    until(enough_to_check, seconds=60)


def ended_by(students: list[Student]) -> int:
    return sum(len(student.ended) for student in students)


def taken_by(students: list[Student]) -> int:
    return sum(len(student.cards) for student in students)


def test_what_was_confirmed_is_true_after_any_number_of_kills(
    found: Callable[..., Server], tmp_path: Path
) -> None:
    server, stop = found(tmp_path, TEST_LEASE="3"), threading.Event()
    server.application = "tests.support.wrong_wsgi:app"
    server.start()
    students = [Student(server, login, stop) for login in STUDENTS]
    with at_their_browsers(students, stop):
        kill_again_and_again(server, students)
    unfinished = (
        "SELECT count(*) FROM orders WHERE status IN ('waiting', 'in_progress') OR due_at < datetime('now')"
    )
    until(lambda: ask(server.instance, unfinished) == [(0,)], seconds=30)
    check(server, students)
    server.kill()
    assert what_is_wrong(server) == []


def check(server: Server, students: list[Student]) -> None:
    told = [(public_id, version) for student in students for public_id, version in student.seen.items()]
    known = dict(ask(server.instance, "SELECT public_id, version FROM orders"))
    assert [public_id for public_id, version in told if known.get(public_id, 0) < version] == []
    statuses = dict(ask(server.instance, "SELECT public_id, status FROM orders"))
    for student in students:
        assert {statuses[public_id] for public_id in student.ended} <= ENDED
        assert student.answers.keys() <= {200, 303, 503}
        valid = [public_id for public_id, card in student.cards if Wallet(RequestsHttp()).status(card) == 0]
        assert len(valid) <= 1
        assert all(statuses[public_id] == "collected" for public_id in valid)
