"""What Prometheus reads: numbers of this portal, and of nobody in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from portal import create_app, metrics
from portal.audit import Actor
from portal.database import write
from portal.orders import issuance, service
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.support.login import log_in, make_account
from tests.support.people import make_student
from tests.support.server import free_port

PAGE = "/dla-studentow/mlegitymacja"
OWN = "https://legitymacja.example.org"
Read = Callable[..., float]


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """Without checks of pages: this is about numbers."""
    return app.test_client()


@pytest.fixture
def read(browser: FlaskClient) -> Read:
    def read(sample: str, **labels: str) -> float:
        """The value of one sample; 0 where there is none yet."""
        said = browser.get("/metrics").text
        samples = [one for family in text_string_to_metric_families(said) for one in family.samples]
        return sum(one.value for one in samples if one.name == sample and one.labels == labels)

    return read


def order(app: Flask, album: str = "100001") -> None:
    student_id = make_student(app, album)
    with app.app_context():
        service.place(student_id, Actor("test"))


def issue(app: Flask) -> None:
    with app.app_context():
        issuance.issue_due()


def poll(browser: FlaskClient, address: str) -> int:
    return browser.get(address, base_url=OWN, headers={"HX-Request": "true"}).status_code


def test_orders_are_counted_by_status(app: Flask, read: Read, clock: MovingClock) -> None:
    order(app)
    issue(app)
    order(app, "100002")
    assert read("portal_orders", status="waiting") == 1
    assert read("portal_orders", status="ready") == 1
    assert read("portal_orders", status="revoked") == 0


def test_the_queue_is_as_old_as_the_order_that_has_waited_longest(
    app: Flask, read: Read, clock: MovingClock
) -> None:
    order(app)
    clock.move(seconds=70)
    order(app, "100002")
    assert read("portal_queue_age_seconds", queue="orders") == 70
    assert read("portal_queue_age_seconds", queue="extensions") == 0


def test_what_the_database_says_is_kept_for_some_seconds(app: Flask, read: Read, clock: MovingClock) -> None:
    assert read("portal_orders", status="waiting") == 0
    order(app)
    assert read("portal_orders", status="waiting") == 0
    clock.move(seconds=11)
    assert read("portal_orders", status="waiting") == 1


def test_the_time_from_order_to_codes_is_measured_where_the_engine_finishes(
    app: Flask, read: Read, clock: MovingClock
) -> None:
    order(app)
    clock.move(seconds=3)
    issue(app)
    assert read("portal_issuance_seconds_sum") == 3
    assert read("portal_issuance_seconds_bucket", le="5.0") == 1
    assert read("portal_issuance_seconds_bucket", le="2.0") == 0


def test_polls_are_counted_by_their_outcome(app: Flask, browser: FlaskClient, read: Read) -> None:
    order(app)
    make_account(app, 1)
    log_in(browser)
    page = browser.get(PAGE, base_url=OWN).text
    address = page.partition('data-hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert poll(browser, address) == 204
    assert poll(browser, PAGE + "/stan?since=0&step=0&seen=other") == 200
    assert poll(app.test_client(), address) == 401
    outcomes = {name: read("portal_polls_total", outcome=name) for name in ("unchanged", "news", "refused")}
    assert outcomes == {"unchanged": 1, "news": 1, "refused": 1}


def test_answers_are_counted_by_endpoint_and_status(app: Flask, browser: FlaskClient, read: Read) -> None:
    browser.get("/haslo/a-secret-of-somebody")
    browser.get("/nowhere/at/all")
    assert read("portal_request_seconds_count", endpoint="accounts.open_link", status="3xx") == 1
    assert read("portal_request_seconds_count", endpoint="-", status="4xx") == 1


@pytest.mark.usefixtures("failing_on_purpose")
def test_failures_are_counted_by_their_status(app: Flask, browser: FlaskClient, read: Read) -> None:
    app.add_url_rule("/try/500", "try_500", lambda: str(1 / 0))
    assert read("portal_errors_total", status="500") == 0
    browser.get("/try/500")
    assert read("portal_errors_total", status="500") == 1
    assert read("portal_errors_total", status="503") == 0


def test_a_wallet_that_is_refused_is_counted_in_the_standards_words(browser: FlaskClient, read: Read) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code", "pre-authorized_code": "x"}
    browser.post("/oid4vci/token", data=form)
    assert read("portal_wallet_errors_total", error="invalid_request") == 1


def test_who_is_sent_away_for_asking_too_often_is_counted(browser: FlaskClient, read: Read) -> None:
    for _time in range(601):
        browser.get("/oid4vci/offers/nothing")
    assert read("portal_rate_limited_total", endpoint="issuer.offer") == 1


def test_without_its_database_the_portal_still_tells_its_numbers(
    app: Flask, read: Read, clock: MovingClock
) -> None:
    assert read("portal_database_up") == 1
    with app.app_context(), write() as session:
        session.execute(text("ALTER TABLE orders RENAME TO gone"))
    clock.move(minutes=1)
    assert read("portal_database_up") == 0
    assert read("portal_request_seconds_count", endpoint="monitoring.numbers", status="2xx") == 2


def test_numbers_are_for_this_machine_only(browser: FlaskClient) -> None:
    far = browser.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert far.status_code == 404
    assert "portal_" not in far.text


def test_each_application_counts_for_itself(app: Flask, browser: FlaskClient, settings: Settings) -> None:
    browser.get("/")
    assert b"pages.start" in metrics.text(app)
    assert b"pages.start" not in metrics.text(create_app(settings))


def test_a_process_without_pages_serves_its_numbers_on_a_port_of_its_own(app: Flask) -> None:
    port = free_port()
    metrics.serve_metrics(app, port)
    assert "portal_orders" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
