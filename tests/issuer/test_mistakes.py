"""Mistakes seen in other issuers, one test each; a few more of the same kind."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

import pytest

from portal.issuer import families, signed_lists
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.wallet import PRE_AUTHORIZED, ReadOffer, Reply, Wallet, new_key, parts_of


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def refused_proof(desk: Desk, wallet: Wallet, **changes: Any) -> str | None:
    """What the issuer says to a proof with these changes; afterwards the right one must still do."""
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    nonce = changes.pop("nonce", None) or wallet.nonce(read)
    reply = wallet.credential(read, token, wallet.proof(read.issuer, nonce, **changes))
    assert reply.status == 400
    assert wallet.fetch(read, token)
    return reply.error


def test_the_code_is_not_burnt_by_a_wrong_activation_code(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    assert wallet.token(read, wrong(offer.activation_code)).status == 400
    assert wallet.token(read, offer.activation_code).status == 200


def test_a_wrong_activation_code_is_an_invalid_grant(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    reply = wallet.token(wallet.read_offer(offer.uri), wrong(offer.activation_code))
    assert (reply.status, reply.error) == (400, "invalid_grant")
    assert "access_token" not in reply.json()


def test_an_unknown_code_is_an_invalid_grant(desk: Desk, wallet: Wallet) -> None:
    read = wallet.read_offer(desk.prepare().uri)
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": secrets.token_urlsafe(32), "tx_code": "1"}
    reply = wallet.post_form(read.server["token_endpoint"], form)
    assert (reply.status, reply.error) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "sent",
    [
        "abcdefgh",
        "1234",
        "1234567890123",
        "١٢٣٤٥٦٧٨",
        "1234 5678",
        "-1234567",
        "1e7",
        "0x1",
        "\u2028",
        "é" * 900,
    ],
)
def test_an_activation_code_that_is_no_number_is_an_invalid_grant(
    desk: Desk, wallet: Wallet, sent: str
) -> None:
    reply = wallet.token(wallet.read_offer(desk.prepare().uri), sent)
    assert (reply.status, reply.error) == (400, "invalid_grant")


def test_the_activation_code_is_not_in_the_offer(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    described = read.raw["grants"][PRE_AUTHORIZED]["tx_code"]
    assert offer.activation_code not in json.dumps(read.raw)
    assert (described["input_mode"], described["length"]) == ("numeric", 8)
    assert len(described["description"]) <= 300


def test_activation_codes_come_from_a_cryptographic_source(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def draw(below: int) -> int:
        drawn.append(below)
        return 1234

    monkeypatch.setattr(secrets, "randbelow", draw)
    assert desk.prepare().activation_code == "00001234"
    assert drawn == [10**8]


def test_activation_codes_have_eight_digits_and_differ(desk: Desk) -> None:
    codes = {desk.prepare(f"order-{number}").activation_code for number in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 8 and code.isdigit() for code in codes)


def test_five_wrong_activation_codes_kill_the_offer_for_the_right_one_too(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    for _ in range(5):
        assert wallet.token(read, wrong(offer.activation_code)).error == "invalid_grant"
    assert wallet.token(read, offer.activation_code).error == "invalid_grant"


def test_a_proof_with_a_bad_signature_is_refused(desk: Desk, wallet: Wallet) -> None:
    foreign = new_key().export_public(as_dict=True)
    assert refused_proof(desk, wallet, header={"jwk": foreign}) == "invalid_proof"


def test_a_proof_for_another_issuer_is_refused(desk: Desk, wallet: Wallet) -> None:
    assert refused_proof(desk, wallet, body={"aud": "https://other.example.org"}) == "invalid_proof"


def test_a_proof_with_a_made_up_nonce_is_refused(desk: Desk, wallet: Wallet) -> None:
    assert refused_proof(desk, wallet, nonce=secrets.token_urlsafe(40)) == "invalid_nonce"


def test_a_proof_made_long_ago_is_refused(desk: Desk, wallet: Wallet) -> None:
    assert refused_proof(desk, wallet, body={"iat": int(wallet.clock()) - 3600}) == "invalid_proof"


def test_a_proof_with_a_private_key_in_its_header_is_refused(desk: Desk, wallet: Wallet) -> None:
    private = wallet.key.export_private(as_dict=True)
    assert refused_proof(desk, wallet, header={"jwk": private}) == "invalid_proof"


def test_an_access_token_lives_five_minutes_at_most(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    answer = wallet.token(read, offer.activation_code).json()
    assert answer["expires_in"] == families.LIFETIME.total_seconds() <= 300
    clock.move(seconds=answer["expires_in"])
    reply = wallet.credential(read, answer["access_token"], wallet.proof(read.issuer, wallet.nonce(read)))
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_every_card_stands_in_a_status_list_that_lives_a_day_at_most(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    card = wallet.collect(offer.uri, offer.activation_code)
    _, visible, _ = parts_of(card.credential)
    said = wallet.status_list(visible["status"]["status_list"]["uri"])
    assert timedelta(seconds=said["exp"] - said["iat"]) <= timedelta(hours=24)
    assert said["ttl"] == signed_lists.TTL.total_seconds()


def test_a_nonce_serves_one_card_only(desk: Desk, wallet: Wallet, second_wallet: Wallet) -> None:
    first, second = desk.prepare("order-1"), desk.prepare("order-2")
    read = wallet.read_offer(first.uri)
    nonce = wallet.nonce(read)
    assert redeem(wallet, read, first.activation_code, nonce).status == 200
    other = second_wallet.read_offer(second.uri)
    assert redeem(second_wallet, other, second.activation_code, nonce).error == "invalid_nonce"


def redeem(wallet: Wallet, read: ReadOffer, activation_code: str, nonce: str) -> Reply:
    token = wallet.token(read, activation_code).json()["access_token"]
    return wallet.credential(read, token, wallet.proof(read.issuer, nonce))
