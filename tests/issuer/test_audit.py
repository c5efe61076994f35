"""Refusals are written down, without codes, and without letting anybody fill the disk."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.audit import AuditRecord, Event
from portal.database import db, write
from tests.conftest import MovingClock
from tests.issuer.conftest import DATA, Desk
from tests.support.wallet import Refused, Wallet

BASE = "https://legitymacja.example.org"


def details(desk: Desk) -> list[tuple[str | None, str | None]]:
    return [(record.subject, record.detail) for record in desk.audited(Event.OFFER_REFUSED)]


def test_a_used_qr_is_refused_and_audited(desk: Desk, wallet: Wallet, second_wallet: Wallet) -> None:
    offer = desk.prepare()
    wallet.collect(offer.uri, offer.activation_code)
    with pytest.raises(Refused):
        second_wallet.read_offer(offer.uri)
    (record,) = desk.audited(Event.OFFER_REFUSED)
    assert (record.subject, record.detail) == ("order-1", "collected_address")
    assert (record.actor, record.address) == ("wallet", "198.51.100.9")


def test_an_old_qr_is_refused_and_audited(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare()
    clock.instant = offer.expires_at
    desk.sweep()
    with pytest.raises(Refused):
        wallet.read_offer(offer.uri)
    assert details(desk) == [("order-1", "expired_address")]


def test_an_altered_qr_is_refused_and_audited(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    altered = offer.uri[:-1] + ("A" if offer.uri[-1] != "A" else "B")
    with pytest.raises(Refused) as refused:
        wallet.read_offer(altered)
    assert refused.value.reply.status == 404
    assert details(desk) == [(None, "unknown_address")]


def test_a_used_code_is_refused_and_audited(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    wallet.collect(offer.uri, offer.activation_code)
    wallet.token(read, offer.activation_code)
    assert details(desk) == [("order-1", "collected_code")]


def test_a_wrong_activation_code_is_audited(desk: Desk, wallet: Wallet) -> None:
    wallet.token(wallet.read_offer(desk.prepare().uri), "nonsense")
    assert details(desk) == [("order-1", "wrong_activation_code")]


def test_trying_a_used_qr_again_and_again_is_written_down_once_a_minute(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    offer = desk.prepare()
    desk.revoke()
    for _ in range(20):
        with pytest.raises(Refused):
            wallet.read_offer(offer.uri)
    assert len(details(desk)) == 1
    clock.move(minutes=1)
    with pytest.raises(Refused):
        wallet.read_offer(offer.uri)
    assert len(details(desk)) == 2


def test_a_flood_of_made_up_codes_fills_no_disk(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code", "tx_code": "12345678"}
    for number in range(100):
        wallet.post_form(f"{BASE}/oid4vci/token", {**form, "pre-authorized_code": f"made-up-{number}"})
    assert len(details(desk)) == 10
    clock.move(seconds=6)
    wallet.post_form(f"{BASE}/oid4vci/token", {**form, "pre-authorized_code": "one more"})
    assert len(details(desk)) == 11


def test_asking_for_the_head_of_a_used_offer_writes_nothing(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    desk.revoke()
    path = "/oid4vci/offers/" + offer.uri.rpartition("/")[2]
    assert wallet.http("HEAD", BASE + path).status == 404
    assert details(desk) == []


def test_asking_for_a_nonce_does_not_reach_the_writer(desk: Desk, wallet: Wallet) -> None:
    with desk.app.app_context(), write(), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(wallet.http, "POST", f"{BASE}/oid4vci/nonce")
        assert asked.result(timeout=5).status == 200


def test_no_code_token_or_personal_data_stands_in_audit_or_log(
    desk: Desk, wallet: Wallet, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    wallet.token(read, "nonsense")
    card = wallet.collect(offer.uri, offer.activation_code)
    new = wallet.refresh(card)
    wallet.refreshed(card)  # as a thief would
    wallet.notify(card, "credential_failure", event_description=DATA.surname)
    wallet.token(read, offer.activation_code)
    with desk.app.app_context():
        rows = db.session.query(AuditRecord).all()
        audit = " ".join(f"{row.actor} {row.subject} {row.detail}" for row in rows)
    written = audit + caplog.text + "".join(capfd.readouterr())
    secrets = (
        *(offer.uri[-22:], offer.activation_code, read.code, card.access_token, card.notification_id),
        *(card.refresh_token, new.refresh_token, new.access_token, new.notification_id),
    )
    personal = (DATA.pesel, DATA.surname, DATA.given_names, DATA.album_number)
    assert rows
    assert not [value for value in (*secrets, *personal) if value and value in written]
