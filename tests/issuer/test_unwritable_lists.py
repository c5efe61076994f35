"""Status lists are answered where nothing can be written: the file is locked, or PostgreSQL is read-only."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from openvc.status import decode_status_list
from sqlalchemy import Engine, text

from portal.database import db, unpooled
from portal.issuer import signed_lists, status_lists
from portal.issuer.signed_lists import SignedList
from tests.conftest import MovingClock
from tests.issuer.conftest import URI, Desk, read
from tests.support.wallet import FlaskHttp, HeldCard, Wallet

Unwritable = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def read_only(engine: Engine) -> Iterator[None]:
    """For all connections from now on; those there are end, as when another server takes over."""
    rule = f'ALTER DATABASE "{engine.url.database}" {{}} default_transaction_read_only'
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    ended = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    with unpooled(engine.url).connect() as writable:
        writable.execute(text(rule.format("SET") + " = on"))
        writable.execute(ended)
        try:
            yield
        finally:
            writable.execute(text(rule.format("RESET")))
            writable.execute(ended)


@pytest.fixture
def unwritable(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Unwritable:
    """Tests have even less patience."""
    monkeypatch.setattr(status_lists, "BRIEFLY", 0.05, raising=False)
    monkeypatch.setattr(status_lists, "REST", 0.0, raising=False)
    return lambda: locked(engine) if engine.dialect.name == "sqlite" else read_only(engine)


def bits(said: dict[str, Any]) -> int:
    return sum(byte.bit_count() for byte in decode_status_list(said["status_list"]["lst"]))


def another(desk: Desk, wallet: Wallet) -> HeldCard:
    """A second card in the same list."""
    offer = desk.prepare("order-2")
    return wallet.collect(offer.uri, offer.activation_code)


def test_all_get_the_kept_list_when_it_is_due_and_none_can_be_kept(
    wallet: Wallet, beside: Wallet, card: HeldCard, clock: MovingClock, unwritable: Unwritable
) -> None:
    before = read(wallet)
    clock.move(minutes=11)
    with unwritable():
        answers = [read(wallet), read(beside)]
        assert [(each.status, each.body, each.headers["ETag"]) for each in answers] == [
            (200, before.body, before.headers["ETag"])
        ] * 2
        assert answers[0].headers["Cache-Control"] == "public, max-age=240"
        assert read(beside, before.headers["ETag"]).status == 304


def test_as_soon_as_one_can_be_kept_again_all_get_a_new_one(
    wallet: Wallet, beside: Wallet, card: HeldCard, clock: MovingClock, unwritable: Unwritable
) -> None:
    before = read(wallet).body
    clock.move(hours=3)
    with unwritable():
        assert read(wallet).body == before
    after = read(wallet).body
    assert after != before
    assert read(beside).body == after


def test_a_revocation_shows_at_once_although_no_list_can_be_kept(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock, unwritable: Unwritable
) -> None:
    assert bits(wallet.status_list(URI)) == 0
    clock.move(hours=3)
    desk.revoke()
    with unwritable():
        said, again = wallet.status_list(URI), wallet.status_list(URI)
    assert bits(said) == 1
    assert again == said, "it is signed once for each change"


def test_a_list_that_could_not_be_kept_ends_no_later_than_what_a_revocation_tells(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock, unwritable: Unwritable
) -> None:
    another(desk, wallet)
    read(wallet)
    clock.move(hours=3)
    desk.revoke()
    with unwritable():
        end = datetime.fromtimestamp(wallet.status_list(URI)["exp"], UTC)
    desk.revoke("order-2")  # still good in the list above
    told = desk.looks_valid_until("order-2")
    assert told is not None
    assert clock.now() < end <= told


def test_a_revocation_after_a_list_that_could_not_be_kept_shows_as_well(
    desk: Desk, wallet: Wallet, card: HeldCard, unwritable: Unwritable
) -> None:
    another(desk, wallet)
    read(wallet)
    for revoked, reference in enumerate(("order-1", "order-2"), 1):
        desk.revoke(reference)
        with unwritable():
            assert bits(wallet.status_list(URI)) == revoked


@pytest.mark.usefixtures("failing_on_purpose")
def test_where_the_kept_list_has_expired_there_is_none_to_be_had(
    wallet: Wallet, card: HeldCard, clock: MovingClock, unwritable: Unwritable
) -> None:
    read(wallet)
    clock.move(hours=24)
    with unwritable():
        answer = read(wallet)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert read(wallet).status == 200


@pytest.mark.sqlite
def test_a_locked_file_and_a_list_that_is_due_hold_no_thread_up(
    app: Flask, card: HeldCard, clock: MovingClock, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, tries = status_lists.keep, []

    def counted(*what: Any) -> bool:
        tries.append(what)
        return keep(*what)

    def ask(_: object = None) -> int:
        return read(Wallet(FlaskHttp(app))).status

    ask()
    clock.move(minutes=11)
    monkeypatch.setattr(status_lists, "REST", 60.0, raising=False)
    monkeypatch.setattr(status_lists, "keep", counted)
    began = time.monotonic()
    with locked(engine), ThreadPoolExecutor(4) as threads:
        answers = [*threads.map(ask, range(4)), ask()]
    assert time.monotonic() - began < 5, "shorter than one writer waits"
    assert (answers, len(tries)) == ([200] * 5, 1)


def test_whoever_waits_in_vain_for_another_thread_to_sign_gets_the_kept_list(
    wallet: Wallet, card: HeldCard, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read(wallet).body
    clock.move(minutes=11)
    signs, may_go_on, sign = threading.Event(), threading.Event(), signed_lists.sign

    def slowly(*what: Any) -> SignedList:
        signs.set()
        may_go_on.wait(10)
        return sign(*what)

    monkeypatch.setattr(signed_lists, "sign", slowly)
    monkeypatch.setattr(status_lists, "CROWD_PATIENCE", 0.05, raising=False)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(read, wallet)
        assert signs.wait(5)
        second = threads.submit(read, wallet)
        try:
            assert second.result(3).body == before
        finally:
            may_go_on.set()
    assert first.result().body == read(wallet).body != before
