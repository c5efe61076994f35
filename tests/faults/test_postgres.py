"""PostgreSQL ends as in a power cut, and is gone for a while: nothing is lost, and the portal goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from portal import create_app
from portal.database import db
from portal.orders.models import Order, OrderEvent
from portal.orders.states import Event
from portal.settings import load
from tests.faults.test_server_process import until
from tests.support.doctor import well
from tests.support.login import log_in
from tests.support.nu import NuChecker
from tests.support.pages import make_client
from tests.support.postgres import Cluster
from tests.support.server import Server
from tests.support.tab import PAGE, Tab

pytestmark = pytest.mark.faults

PRESSING = ("100001", "100003", "100005", "100006")
WATCHING = "100007"


class ShortLeases(Server):
    """What a power cut left half done is taken up again while a test waits."""

    application = "tests.support.wrong_wsgi:app"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(durable=True)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = ShortLeases(
        tmp_path_factory.mktemp("postgres") / "instance",
        PORTAL_DATABASE_URL=cluster.url(cluster.create()),
        TEST_LEASE="3",
    )
    server.prepare()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def another(server: Server) -> Iterator[Flask]:
    """The same portal in the test's own process."""
    app = create_app(load(server.environ))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(another: Flask) -> Iterator[Flask]:
    """Looks at the server's database from outside."""
    with another.app_context():
        yield another


@contextmanager
def gone(cluster: Cluster, how: str) -> Iterator[None]:
    cluster.stop(how)
    try:
        yield
    finally:
        cluster.start()


def order_and_cancel(tab: Tab, over: threading.Event) -> int:
    """In turn, as fast as it goes; how many cancellations were confirmed, each of an order of its own."""
    confirmed = 0
    while not over.is_set():
        tab.order()
        answer = tab.press("anuluj")
        confirmed += answer is not None and answer.status_code == 303
    return confirmed


@contextmanager
def crowd_of(tabs: list[Tab]) -> Iterator[list[Future[int]]]:
    """All of them order and cancel until the end of the block."""
    over = threading.Event()
    with ThreadPoolExecutor(len(tabs)) as threads:
        try:
            yield [threads.submit(order_and_cancel, tab, over) for tab in tabs]
        finally:
            over.set()


def events(event: Event) -> int:
    db.session.rollback()
    return (
        db.session.scalar(select(func.count()).select_from(OrderEvent).where(OrderEvent.event == event)) or 0
    )


def cancelled(some: int) -> None:
    """Wait until so many more orders have been cancelled."""
    before = events(Event.CANCEL)
    until(lambda: events(Event.CANCEL) >= before + some)


def test_after_power_cuts_under_load_all_that_was_confirmed_is_there(
    server: Server, cluster: Cluster, app: Flask
) -> None:
    tabs = [Tab(server, login) for login in PRESSING]
    with crowd_of(tabs) as pressing:
        for _cut in range(3):
            cancelled(4)
            with gone(cluster, "immediate"):
                pass
        cancelled(4)
    assert events(Event.CANCEL) >= sum(one.result() for one in pressing) > 0
    assert [tab.order().status_code for tab in tabs] == [303] * len(tabs)
    until(lambda: {tab.status for tab in tabs} == {"ready"}, seconds=40)
    until(lambda: not owed(), seconds=40)
    assert well(app)
    assert "Traceback" not in server.log


def owed() -> int:
    """Orders that ended, of which the issuer has not heard yet."""
    db.session.rollback()
    return db.session.query(Order).filter(Order.status == "cancelled", Order.issuer_told_at.is_(None)).count()


@pytest.mark.usefixtures("failing_on_purpose")
def test_a_page_that_says_so_is_a_page_like_any_other(
    cluster: Cluster, another: Flask, nu_checker: NuChecker
) -> None:
    client = make_client(another, nu_checker)
    assert log_in(client, WATCHING).status_code == 303
    with gone(cluster, "fast"):
        page = client.get(PAGE)
    assert page.status_code == 503
    assert "chwilowo niedostępny" in page.text


def test_while_it_is_gone_pages_say_so_and_the_portal_recovers_by_itself(
    server: Server, cluster: Cluster, app: Flask
) -> None:
    tab = Tab(server, WATCHING)
    assert tab.order().status_code == 303
    poll, said_before = tab.poll().request, len(server.log)
    with gone(cluster, "fast"):
        time.sleep(3)  # as long as it takes: threads have to notice, and to try again in vain
        answers = [tab.get(PAGE), tab.order(), tab.session.send(poll)]
        start, health = (requests.get(server.url + path, timeout=10) for path in ("/", "/healthz"))
    assert [answer.status_code for answer in answers] == [503] * 3
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert answers[2].text == "", "the open page keeps what it shows"
    assert start.status_code == 200, "who is not logged in needs no database to read the start page"
    assert (health.status_code, health.json()["checks"]["database"]["ok"]) == (503, False)
    until(lambda: tab.status == "ready")
    assert Tab(server, PRESSING[0]).status == "ready"
    assert requests.get(server.url + "/healthz", timeout=10).status_code == 200
    log = server.log[said_before:]
    assert "Traceback" not in log
    lines = ("lost its lock", "the database does not answer; this one waits", "the issuance thread waits")
    told = [line for line in log.splitlines() if any(one in line for one in lines)]
    # Once; or not again, where the power cuts of the test before are less than a minute ago.
    assert max(sum(one in line for line in told) for one in lines) <= 1, told
    assert any(one in server.log for one in lines)
    assert well(app)
