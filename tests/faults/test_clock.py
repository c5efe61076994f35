"""The clock runs ahead, and is set back: nothing is issued twice, and nothing stands still until then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask

from portal.database import db
from portal.issuer.models import Card
from portal.orders import extensions, issuance, service
from portal.orders.models import Order
from portal.orders.sweep import sweep
from tests.conftest import MovingClock
from tests.faults.test_server_process import until
from tests.orders.conftest import STUDENT, Orders
from tests.orders.surroundings import LATER, Door, els_extended, extension_of
from tests.support.database_file import ask, what_is_wrong
from tests.support.doctor import well
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient, csrf_of
from tests.support.people import make_student
from tests.support.server import Server
from tests.support.tab import PAGE, Tab
from tests.support.wallet import FlaskHttp, RequestsHttp, Wallet

pytestmark = pytest.mark.faults

SET_BACK = [timedelta(minutes=40), timedelta(days=1), timedelta(days=27, hours=3)]
"""The last one over the end of summer time."""


class Ahead:
    """People whose affairs were left at each step while the clock ran ahead."""

    def __init__(self, app: Flask, door: Door) -> None:
        self.waiting, self.claimed, self.ended, self.extended = (
            Orders(make_student(app, f"20000{number}")) for number in range(4)
        )
        self.extended.collected()
        els_extended(self.extended.student_id)
        door.unreachable = ConnectionError("the issuer is away")
        service.cancel(self.ended.ready(), STUDENT)
        door.unreachable = None
        self.claimed.place()
        assert len(issuance._claim(1)) == 1, "and then its worker is killed"
        service.extend(self.extended.latest, STUDENT)
        self.waiting.place()

    def settle(self, clock: MovingClock) -> None:
        for _round in range(5):
            sweep()
            issuance.issue_due()
            extensions.work_due()
            clock.move(minutes=1)


@pytest.mark.parametrize("span", SET_BACK, ids=str)
@pytest.mark.usefixtures("failing_on_purpose")
def test_what_was_left_at_any_step_goes_on_when_the_clock_is_right_again(
    app: Flask, clock: MovingClock, span: timedelta
) -> None:
    door = Door(app.extensions["portal.orders.issuer"])
    app.extensions["portal.orders.issuer"] = door
    with app.app_context():
        ahead = Ahead(app, door)
        clock.instant -= span
        ahead.settle(clock)
        assert [ahead.waiting.latest.status, ahead.claimed.latest.status] == ["ready", "ready"]
        assert ahead.ended.latest.issuer_told_at is not None
        assert extension_of(ahead.extended.latest).status == "done"
        assert ahead.extended.latest.planned_valid_until == LATER
        assert db.session.query(Card).count() == db.session.query(Order).count()
    assert well(app)


def test_codes_that_were_spent_ahead_without_a_card_are_replaced(app: Flask, clock: MovingClock) -> None:
    with app.app_context():
        orders = Orders(make_student(app))
        offer = service.open_offer(orders.ready())
        assert offer is not None
        wallet = Wallet(FlaskHttp(app))
        assert wallet.token(wallet.read_offer(offer.uri), offer.activation_code).status == 200
        clock.instant -= timedelta(days=1)
        sweep()
        again = service.open_offer(orders.latest)
        assert again is not None
        assert again.number == offer.number + 1


def test_tabs_that_were_opened_ahead_ask_slowly(
    app: Flask, clock: MovingClock, client: CheckedClient
) -> None:
    """Set back under a whole university of them, each would else ask four times a second until then."""
    student_id = make_student(app)
    make_account(app, student_id)
    log_in(client)
    with app.app_context():
        Orders(student_id).ready()
    address = Page(client.get(PAGE).text).one("section", id="order")["data-hx-get"]
    clock.instant -= timedelta(minutes=4)
    section = Page(client.get(address, headers={"HX-Request": "true"}).text).one("section", id="order")
    assert 4000 < int(section["data-hx-trigger"].removeprefix("every ").removesuffix("ms")) < 6000


class Watch:
    """The clock of a server: right, but for what was said last."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(timedelta())

    def set(self, ahead: timedelta) -> None:
        self.file.write_text(str(ahead.total_seconds()))

    def time(self) -> float:
        """For a phone that goes wrong likewise."""
        return time.time() + float(self.file.read_text())


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    return Watch(tmp_path_factory.mktemp("watch") / "ahead")


@pytest.fixture(scope="module")
def server(
    found: Callable[..., Server], watch: Watch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = found(tmp_path_factory.mktemp("clock"), TEST_CLOCK=str(watch.file))
    server.application = "tests.support.wrong_wsgi:app"
    server.start()
    yield server
    server.kill()


def try_to_log_in(server: Server, login: str, password: str) -> int:
    """In a new browser; the answer's status."""
    browser = requests.Session()
    page = browser.get(f"{server.url}/logowanie", timeout=10)
    form = {"csrf_token": csrf_of(page.text), "login": login, "password": password}
    return browser.post(page.url, form, allow_redirects=False, timeout=10).status_code


def test_a_card_from_hours_ahead_can_be_seen_revoked_and_ordered_again(server: Server, watch: Watch) -> None:
    watch.set(timedelta(hours=30))
    before = Tab(server, "100001")
    before.order()
    until(lambda: before.status == "ready")
    codes = before.codes()
    assert codes is not None
    wallet = Wallet(RequestsHttp(), clock=watch.time)
    card = wallet.collect(*codes)
    assert wallet.status(card) == 0
    watch.set(timedelta())
    assert before.get(PAGE).url.startswith(f"{server.url}/logowanie"), "its session had not begun yet"
    tab = Tab(server, "100001")
    tab.press("uniewaznij")
    said = wallet.status_list(card.claims["status"]["status_list"]["uri"])
    assert wallet.status(card) == 1
    assert said["iat"] <= time.time() + 1
    tab.order()
    until(lambda: tab.status == "ready")


def test_who_was_shut_out_by_a_clock_that_was_ahead_may_log_in_when_it_is_right(
    server: Server, watch: Watch
) -> None:
    watch.set(timedelta(hours=30))
    failed = [try_to_log_in(server, "100003", "wrong") for _try in range(11)]
    assert failed[-1] == 429
    watch.set(timedelta())
    assert try_to_log_in(server, "100003", "student") == 303


def test_a_year_ahead_ends_cards_and_leaves_nothing_that_keeps_one_from_ordering(
    server: Server, watch: Watch
) -> None:
    """What ended by a wrong clock stays ended: the card was revoked at the issuer too."""
    watch.set(timedelta(days=365))
    live = "SELECT count(*) FROM orders WHERE status IN ('ready', 'collected')"
    until(lambda: ask(server.instance, live) == [(0,)])
    watch.set(timedelta())
    tab = Tab(server, "100001")
    assert tab.status == "expired"
    tab.order()
    until(lambda: tab.status == "ready")
    assert "Traceback" not in server.log
    assert what_is_wrong(server) == []
