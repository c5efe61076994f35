"""Limits that the database counts hold for all processes together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal import chores, create_app, limits
from portal.accounts.throttle import TRIES_FOR_A_PAIR, Throttled
from portal.database import db, unpooled
from portal.issuer.throttles import WALLETS
from portal.shared_throttle import Counter, RateLimit, SharedThrottle
from tests.conftest import START, MovingClock, make_settings
from tests.support.login import log_in
from tests.support.wallet import FlaskHttp, Reply

NONCE = "https://legitymacja.example.org/oid4vci/nonce"


@pytest.fixture
def both(instance: Path, postgres_url: str, clock: MovingClock) -> Iterator[list[Flask]]:
    """Two processes on one database; wallets get three requests at once, then one in two seconds."""
    settings = make_settings(instance, database_url=postgres_url, limits="database")
    apps = [create_app(settings, time=clock) for _ in range(2)]
    for app in apps:
        app.extensions[WALLETS] = limits.throttle(app, WALLETS, rate=0.5, burst=3)
    yield apps
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def ask(app: Flask, address: str = "192.0.2.7") -> Reply:
    return FlaskHttp(app, address)("POST", NONCE)


def test_one_address_has_one_limit_at_both(both: list[Flask], clock: MovingClock) -> None:
    assert [ask(both[number % 2]).status for number in range(3)] == [200, 200, 200]
    refused = ask(both[1])
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    assert ask(both[1], "198.51.100.9").status == 200
    clock.move(seconds=2)
    assert sorted(ask(app).status for app in both) == [200, 429]


def test_requests_at_the_same_time_can_not_slip_through(both: list[Flask]) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: ask(both[number % 2]).status, range(24)))
    assert statuses.count(200) == 3


def test_a_clock_that_was_set_back_locks_nobody_out(both: list[Flask], clock: MovingClock) -> None:
    for _ in range(4):
        ask(both[0])
    clock.instant -= timedelta(days=1)
    assert ask(both[0]).status == 200


def test_the_database_knows_no_address_and_soon_nothing(both: list[Flask], clock: MovingClock) -> None:
    ask(both[0])
    with both[0].app_context():
        (key,) = db.session.scalars(select(RateLimit.key)).all()
        assert len(key) == 32
        assert b"192.0.2.7" not in key
        assert (
            db.session.scalar(text("SELECT relpersistence FROM pg_class WHERE relname = 'rate_limits'"))
            == "u"
        )
        clock.move(seconds=6)
        for chore in chores.all_of_them():
            chore()
        assert db.session.scalar(select(func.count()).select_from(RateLimit)) == 0


def test_a_server_that_was_restarted_goes_on_counting(both: list[Flask]) -> None:
    ask(both[0])
    with both[0].app_context():
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        db.session.execute(text(f"{others} AND datname = current_database()"))
        db.session.remove()
    assert [ask(both[0]).status for _ in range(3)] == [200, 200, 429]


def test_where_the_database_is_gone_the_limit_is_not_what_fails(both: list[Flask]) -> None:
    with both[0].app_context():
        nowhere = Counter(db.engine.url.update_query_dict({"host": "/nowhere"}))
        throttle = SharedThrottle(nowhere, "some", rate=1, burst=1)
        assert [throttle.wait("192.0.2.7") for _ in range(3)] == [0, 0, 0]
        assert nowhere.resting


def test_limited_reading_goes_on_where_the_database_is_read_only(both: list[Flask]) -> None:
    with both[0].app_context():
        name = db.engine.url.database
        with unpooled(db.engine.url).connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    assert [ask(both[0], "192.0.2.7").status for _ in range(5)] == [200] * 5
    assert both[0].extensions["portal.limits.counter"].resting
    assert both[1].test_client().get("/services/apisrv/now").status_code == 200


def test_failed_log_ins_at_both_count_together(both: list[Flask]) -> None:
    throttles = [app.extensions["portal.accounts.throttle"] for app in both]

    def fail(number: int) -> bool:
        with both[number % 2].app_context():
            try:
                throttles[number % 2].begin("100001", "192.0.2.7", START)
            except Throttled:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fail, range(30))).count(True) == TRIES_FOR_A_PAIR


def test_a_name_that_failed_too_often_at_one_process_is_refused_by_the_other(both: list[Flask]) -> None:
    browsers = [app.test_client() for app in both]
    for number in range(TRIES_FOR_A_PAIR + 1):
        last = log_in(browsers[number % 2], "100001", "wrong")
    assert (last.status_code, last.headers["Retry-After"]) == (429, "900")
    with both[0].app_context():
        stored = repr(db.session.execute(text("SELECT * FROM login_failures")).all())
        assert [told for told in ("100001", "127.0.0.1") if told in stored] == []
