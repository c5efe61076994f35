"""Too many failed log-ins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from portal import create_app
from portal.accounts.throttle import (
    TRIES_FOR_A_PAIR,
    TRIES_FOR_AN_ADDRESS,
    WINDOW,
    LoginThrottle,
    Throttled,
    Throttling,
)
from tests.accounts.conftest import AuditRows
from tests.conftest import START, MovingClock, make_settings
from tests.support.login import log_in
from tests.support.pages import CheckedClient


@pytest.fixture(params=["memory", "database"])
def throttle(request: pytest.FixtureRequest) -> Iterator[Throttling]:
    """Where log-ins are counted makes no difference."""
    if request.param == "memory":
        yield LoginThrottle()
        return
    app = create_app(
        make_settings(
            request.getfixturevalue("instance"),
            database_url=request.getfixturevalue("postgres_url"),
            limits="database",
        )
    )
    with app.app_context():
        yield app.extensions["portal.accounts.throttle"]


def fail(client: CheckedClient, login: str = "100001", times: int = TRIES_FOR_A_PAIR) -> list[int]:
    return [log_in(client, login, "wrong").status_code for _ in range(times)]


def test_too_many_failures_are_told_when_to_try_again(client: CheckedClient, student: int) -> None:
    assert set(fail(client)) == {422}
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "Spróbuj ponownie o 12:15 (za 15 minut)." in answer.text


def test_the_time_that_is_shown_is_never_too_early(
    client: CheckedClient, student: int, clock: MovingClock
) -> None:
    fail(client, times=1)
    clock.move(seconds=30)
    fail(client, times=TRIES_FOR_A_PAIR - 1)
    answer = log_in(client)
    assert answer.headers["Retry-After"] == "870"
    assert "12:15 (za 15 minut)" in answer.text
    clock.move(seconds=870)
    assert log_in(client).status_code == 303


def test_a_throttled_name_is_throttled_whether_it_exists_or_not(client: CheckedClient, student: int) -> None:
    fail(client, "999999")
    assert log_in(client, "999999").status_code == 429


def test_the_same_name_in_capitals_has_no_tries_of_its_own(client: CheckedClient, staff: int) -> None:
    fail(client, "dziekanat")
    assert log_in(client, "DZIEKANAT", "dziekanat").status_code == 429


def test_nobody_can_lock_out_somebody_elsewhere(
    client: CheckedClient, second_client: CheckedClient, student: int
) -> None:
    fail(client)
    assert log_in(second_client, address="192.0.2.7").status_code == 303


def test_others_at_the_same_address_log_in_as_before(
    client: CheckedClient, second_client: CheckedClient, student: int, staff: int
) -> None:
    fail(client, "100001")
    assert log_in(second_client, "dziekanat", "dziekanat").status_code == 303


def test_a_log_in_forgets_the_failures_before_it(client: CheckedClient, student: int) -> None:
    fail(client, times=TRIES_FOR_A_PAIR - 1)
    assert log_in(client).status_code == 303
    assert set(fail(client)) == {422}


def test_throttling_stands_once_in_the_audit_of_a_window(
    client: CheckedClient, student: int, public_id: str, clock: MovingClock, audited: AuditRows
) -> None:
    fail(client, times=TRIES_FOR_A_PAIR + 5)
    assert audited().count(("login_throttled", public_id)) == 1
    clock.move(minutes=16)
    fail(client, times=TRIES_FOR_A_PAIR + 5)
    assert audited().count(("login_throttled", public_id)) == 2


def test_an_address_that_tries_many_names_is_stopped(app: Flask, client: CheckedClient, student: int) -> None:
    throttle: LoginThrottle = app.extensions["portal.accounts.throttle"]
    for number in range(TRIES_FOR_AN_ADDRESS):
        throttle.begin(str(number), "127.0.0.1", START)
    assert log_in(client).status_code == 429
    assert log_in(client, address="192.0.2.7").status_code == 303


def test_addresses_of_one_ipv6_network_count_as_one(throttle: Throttling) -> None:
    for number in range(TRIES_FOR_A_PAIR):
        throttle.begin("100001", f"2001:db8::{number:x}", START)
    with pytest.raises(Throttled):
        throttle.begin("100001", "2001:db8::ffff", START)
    throttle.begin("100001", "2001:db8:0:1::1", START)


def test_log_ins_at_the_same_instant_cannot_slip_through(throttle: Throttling) -> None:
    under_way = [throttle.begin("100001", "192.0.2.1", START) for _ in range(TRIES_FOR_A_PAIR)]
    with pytest.raises(Throttled):
        throttle.begin("100001", "192.0.2.1", START)
    throttle.undecided(under_way[0])
    throttle.begin("100001", "192.0.2.1", START)


def test_the_window_moves(throttle: Throttling) -> None:
    for minute in range(TRIES_FOR_A_PAIR):
        throttle.begin("100001", "192.0.2.1", START + timedelta(minutes=minute))
    with pytest.raises(Throttled) as caught:
        throttle.begin("100001", "192.0.2.1", START + timedelta(minutes=12))
    assert caught.value.until == START + WINDOW
    throttle.begin("100001", "192.0.2.1", caught.value.until)
    with pytest.raises(Throttled):
        throttle.begin("100001", "192.0.2.1", caught.value.until)


def test_failures_from_the_future_shut_nobody_out(throttle: Throttling) -> None:
    for _ in range(TRIES_FOR_A_PAIR):
        throttle.begin("100001", "192.0.2.1", START + timedelta(days=1))
    throttle.begin("100001", "192.0.2.1", START)


def test_refusal_is_told_once_in_a_window(throttle: Throttling) -> None:
    for _ in range(TRIES_FOR_A_PAIR):
        throttle.begin("100001", "192.0.2.1", START)
    told = []
    for _ in range(2):
        with pytest.raises(Throttled) as caught:
            throttle.begin("100001", "192.0.2.1", START)
        told.append(caught.value.first)
    assert told == [True, False]


def test_the_right_password_forgets_what_failed_for_the_pair_alone(throttle: Throttling) -> None:
    under_way = [throttle.begin("100001", "192.0.2.1", START) for _ in range(TRIES_FOR_A_PAIR)]
    throttle.succeeded(under_way[-1])
    for number in range(TRIES_FOR_AN_ADDRESS - TRIES_FOR_A_PAIR + 1):
        throttle.begin(str(number), "192.0.2.1", START)
    with pytest.raises(Throttled):
        throttle.begin("100002", "192.0.2.1", START)


def test_memory_has_a_bound_however_many_names_come() -> None:
    throttle = LoginThrottle(most_keys=100)
    for number in range(1000):
        throttle.begin(f"{number}" * 1000, f"192.0.2.{number % 250}", START)
    assert len(throttle.pairs) == 100
    throttle.begin("one", "192.0.2.251", START + WINDOW + timedelta(seconds=1))
    assert len(throttle.pairs) == 1
