"""What the database alone tells: nothing about a holder. What is old is forgotten."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import chores
from portal.database import db
from portal.issuer.interface import Offer
from portal.wallet.models import Wallet, WalletCard, WalletErrand
from portal.wallet.sealing import Broken, keys_of, new_secret
from tests.conftest import MovingClock
from tests.issuer.conftest import DATA
from tests.wallet.browser import PIN, Browser


def dump(instance: Path) -> str:
    with sqlite3.connect(instance / "portal.sqlite") as connection:
        lines = [line for line in connection.iterdump() if '"wallet' in line]
    connection.close()
    return "\n".join(lines)


def rows(app: Flask, table: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def sweep(app: Flask) -> None:
    with app.app_context():
        for chore in chores.all_of_them():
            chore()


def test_the_database_alone_says_nothing_about_the_holder(
    card: str, browser: Browser, offer: Offer, instance: Path
) -> None:
    written = dump(instance)
    plain = bytes.fromhex("".join(re.findall(r"X'([0-9A-Fa-f]+)'", written))).decode("latin-1") + written
    assert 'INSERT INTO "wallet_cards"' in written
    for secret in (
        DATA.surname,
        DATA.pesel,
        DATA.album_number,
        "eyJ",
        '"d":',
        "refresh_token",
        offer.activation_code,
        browser.secret,
        "legitymacja.example.org",
    ):
        assert secret not in plain, secret


def test_an_errand_says_nothing_either(browser: Browser, offer: Offer, instance: Path) -> None:
    browser.scan(offer.uri)
    written = dump(instance)
    assert 'INSERT INTO "wallet_errands"' in written
    assert "openid" not in written
    assert b"openid".hex() not in written.lower()


def test_neither_secret_nor_pin_stands_in_a_log_or_in_the_session(
    card: str, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    browser.lock()
    browser.unlock()
    said = "\n".join(record.getMessage() for record in caplog.records)
    session = browser.client.get_cookie("__Host-session", domain="legitymacja.example.org")
    assert session is not None
    for secret in (browser.secret, PIN, DATA.surname, card.rpartition("/")[2]):
        assert secret not in said
        assert secret not in session.decoded_value


def test_what_is_sealed_opens_in_its_own_place_alone() -> None:
    mine, other = keys_of(new_secret()), keys_of(new_secret())
    assert mine is not None
    assert other is not None
    sealed = mine.seal({"a": "ż"}, "card", "1")
    assert mine.open(sealed, "card", "1") == {"a": "ż"}
    for keys, kind, public_id in ((other, "card", "1"), (mine, "offer", "1"), (mine, "card", "2")):
        with pytest.raises(Broken):
            keys.open(sealed, kind, public_id)
    with pytest.raises(Broken):
        mine.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "card", "1")


def test_the_same_content_is_sealed_otherwise_each_time() -> None:
    keys = keys_of(new_secret())
    assert keys is not None
    assert keys.seal({}, "card", "1") != keys.seal({}, "card", "1")


def test_errands_are_forgotten_after_half_an_hour(
    app: Flask, browser: Browser, offer: Offer, clock: MovingClock
) -> None:
    browser.scan(offer.uri)
    clock.move(minutes=29)
    sweep(app)
    assert rows(app, WalletErrand) == 1
    clock.move(minutes=1)
    sweep(app)
    assert rows(app, WalletErrand) == 0


def test_a_wallet_is_forgotten_after_400_days_without_use(
    app: Flask, card: str, browser: Browser, clock: MovingClock
) -> None:
    clock.move(days=399)
    browser.unlock()
    clock.move(days=399)
    sweep(app)
    assert rows(app, WalletCard) == 1
    clock.move(days=1)
    sweep(app)
    assert rows(app, Wallet) == rows(app, WalletCard) == 0


def test_erasing_leaves_no_row(app: Flask, card: str, browser: Browser, offer: Offer) -> None:
    browser.post("/portfel/usun-wszystko")
    assert [rows(app, table) for table in (Wallet, WalletCard, WalletErrand)] == [0, 0, 0]
