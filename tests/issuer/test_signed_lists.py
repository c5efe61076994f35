"""A status list is signed once for all processes; what a change costs doesn't grow with the list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from openvc.status import decode_status_list
from sqlalchemy import select, text

from portal.database import db
from portal.issuer import copies, places, signed_lists, status_lists
from portal.issuer.models import StatusList
from portal.issuer.signed_lists import SignedList
from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.issuer.conftest import URI, Desk, read, running
from tests.support.wallet import FlaskHttp, HeldCard, Wallet


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The versions that were signed, in whichever process."""
    versions: list[int] = []
    sign = signed_lists.sign

    def noted(uri: str, version: int, *what: Any) -> SignedList:
        versions.append(version)
        return sign(uri, version, *what)

    monkeypatch.setattr(signed_lists, "sign", noted)
    return versions


def bits(wallet: Wallet) -> int:
    packed = decode_status_list(wallet.status_list(URI)["status_list"]["lst"])
    return sum(byte.bit_count() for byte in packed)


def test_whoever_answers_serves_the_same_list(
    desk: Desk, wallet: Wallet, beside: Wallet, card: HeldCard, signed: list[int]
) -> None:
    for _ in range(2):
        desk.revoke()
        first, second = read(beside), read(wallet)
        assert (second.body, second.headers["ETag"]) == (first.body, first.headers["ETag"])
        assert read(wallet, first.headers["ETag"]).status == 304
    assert signed == [2]


def test_when_it_is_due_one_process_signs_for_all(
    wallet: Wallet, beside: Wallet, card: HeldCard, clock: MovingClock, signed: list[int]
) -> None:
    for _ in range(2):
        assert read(beside).body == read(wallet).body
        clock.move(minutes=10)
    assert signed == [1, 1]


def test_after_a_restart_nothing_is_signed_anew(
    wallet: Wallet, card: HeldCard, settings: Settings, clock: MovingClock, signed: list[int]
) -> None:
    before = read(wallet).body
    clock.move(minutes=9)
    with running(settings, clock) as again:
        assert read(Wallet(FlaskHttp(again))).body == before
    assert len(signed) == 1


def test_a_process_reads_only_what_was_revoked_since_any_process_signed(
    desk: Desk, wallet: Wallet, beside: Wallet, card: HeldCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet.refresh(card)
    assert bits(wallet) == 1
    desk.revoke()
    indexes = copies.revoked_indexes
    numbers: list[int] = []

    def counted(list_id: int, after: int, until: int) -> list[int]:
        found = list(indexes(list_id, after, until))
        numbers.append(len(found))
        return found

    monkeypatch.setattr(copies, "revoked_indexes", counted)
    assert (bits(beside), bits(wallet)) == (2, 2)
    assert numbers == [1]


def test_a_card_forgotten_before_any_list_showed_its_end_stays_revoked(
    desk: Desk, wallet: Wallet, card: HeldCard
) -> None:
    assert bits(wallet) == 0
    desk.revoke()
    desk.forget("order-1")
    assert bits(wallet) == 1


def test_many_cards_revoked_at_once_change_the_list_once(desk: Desk, wallet: Wallet) -> None:
    held = []
    for number in range(3):
        offer = desk.prepare(f"order-{number}")
        held.append(wallet.collect(offer.uri, offer.activation_code))
    desk.revoke("order-0", "order-1", "order-2", "never heard of")
    assert [wallet.status(card) for card in held] == [1, 1, 1]
    with desk.app.app_context():
        assert db.session.scalar(select(StatusList.version)) == 2


def test_a_portal_that_has_moved_signs_for_its_new_address(
    wallet: Wallet, card: HeldCard, settings: Settings, clock: MovingClock
) -> None:
    assert wallet.status(card) == 0
    with running(replace(settings, base_url="https://elsewhere.example.org"), clock) as moved:
        uri = "https://elsewhere.example.org/status-lists/1"
        assert Wallet(FlaskHttp(moved)).status_list(uri)["sub"] == uri


@dataclass
class Pair:
    """Two processes on one PostgreSQL."""

    apps: list[Flask]
    wallets: list[Wallet]


@pytest.fixture
def pair(app: Flask, postgres_url: str, clock: MovingClock, settings: Settings) -> Iterator[Pair]:
    both = make_settings(settings.instance_dir, database_url=postgres_url)
    with running(both, clock) as first, running(both, clock) as second:
        offer = Desk(first).prepare()
        wallets = [Wallet(FlaskHttp(one), clock=lambda: clock.now().timestamp()) for one in (first, second)]
        wallets[0].collect(offer.uri, offer.activation_code)
        yield Pair([first, second], wallets)


@pytest.mark.sqlite  # the pair brings a database of its own
def test_one_process_signs_while_the_others_wait(pair: Pair, signed: list[int]) -> None:
    with ThreadPoolExecutor(8) as pool:
        bodies = set(pool.map(lambda number: read(pair.wallets[number % 2]).body, range(8)))
    assert (len(bodies), len(signed)) == (1, 1)


@pytest.mark.sqlite
def test_a_machine_that_dies_while_it_signs_holds_nobody_up(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_lists, "TURN_PATIENCE_MS", 10)
    with pair.apps[0].app_context(), db.engine.connect() as dying:
        dying.execute(status_lists._TURN, {"list_id": "1"})
        assert dying.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 1
        assert read(pair.wallets[1]).status == 200


@pytest.mark.sqlite
def test_cards_that_change_lists_crosswise_never_wait_in_a_circle(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pair.apps[0].app_context():
        places._open(2)
    drawn = threading.local()
    monkeypatch.setattr(places, "_drawn_list", lambda: drawn.number)
    change, meeting = copies._change, threading.Barrier(2)

    def met(*what: Any, **more: Any) -> Any:
        changed = change(*what, **more)
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.2)  # each has locked a list now, unless one waits for the other
        return changed

    def move(wallet: Wallet, card: HeldCard, number: int) -> int:
        drawn.number = number
        return wallet.status(wallet.refresh(card))

    held = []
    for number, wallet in enumerate(pair.wallets, 1):
        drawn.number = number
        offer = Desk(pair.apps[0]).prepare(f"crosswise-{number}")
        held.append(wallet.collect(offer.uri, offer.activation_code))
    monkeypatch.setattr(copies, "_change", met)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(move, pair.wallets, held, [2, 1])) == [0, 0]
