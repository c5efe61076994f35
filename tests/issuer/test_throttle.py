"""One address has a limit; others don't feel it."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.issuer.throttles import WALLETS
from portal.throttle import MAX_KEYS, MemoryThrottle, network_of
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.wallet import FlaskHttp, Wallet

BASE = "https://legitymacja.example.org"


@pytest.fixture
def narrow(app: Flask) -> MemoryThrottle:
    """Three requests at once, then one in two seconds."""
    app.extensions[WALLETS] = MemoryThrottle(rate=0.5, burst=3)
    return app.extensions[WALLETS]


@pytest.mark.parametrize("path", ["token", "nonce", "credential", "notification"])
def test_too_many_requests_from_one_address_wait(
    wallet: Wallet, second_wallet: Wallet, narrow: MemoryThrottle, clock: MovingClock, path: str
) -> None:
    url = f"{BASE}/oid4vci/{path}"
    assert 429 not in [wallet.http("POST", url).status for _ in range(3)]
    reply = wallet.http("POST", url)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "2")
    assert second_wallet.http("POST", url).status != 429
    clock.move(seconds=2)
    assert wallet.http("POST", url).status != 429


def test_reading_offers_is_limited_too(wallet: Wallet, narrow: MemoryThrottle) -> None:
    replies = [wallet.http("GET", f"{BASE}/oid4vci/offers/made-up").status for _ in range(4)]
    assert replies == [404, 404, 404, 429]


def test_status_lists_and_descriptions_are_not_limited(wallet: Wallet, narrow: MemoryThrottle) -> None:
    paths = ["/status-lists/1", "/.well-known/jwt-vc-issuer", "/vct/student-id/1"] * 5
    assert 429 not in [wallet.http("GET", BASE + path).status for path in paths]


def test_a_lecture_of_a_hundred_behind_one_address_is_let_through(app: Flask, wallet: Wallet) -> None:
    assert {wallet.http("POST", f"{BASE}/oid4vci/nonce").status for _ in range(500)} == {200}


def test_a_neighbour_in_the_same_ipv6_network_shares_the_limit(app: Flask, narrow: MemoryThrottle) -> None:
    phones = [Wallet(FlaskHttp(app, f"2001:db8::{number}")) for number in range(1, 5)]
    assert [phone.http("POST", f"{BASE}/oid4vci/nonce").status for phone in phones][-1] == 429
    assert network_of("2001:db8::1") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("::ffff:192.0.2.2")
    assert network_of(None) == network_of("no address")


def test_a_flood_of_addresses_takes_no_memory(desk: Desk, narrow: MemoryThrottle) -> None:
    with desk.app.app_context():
        for number in range(MAX_KEYS + 10):
            narrow.admit(str(number))
        assert len(narrow._buckets) == MAX_KEYS
        assert [narrow.admit("0") for _ in range(4)] == [True, True, True, False]
