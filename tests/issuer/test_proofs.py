"""Key proofs that must not pass, and how they are refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.wallet import ReadOffer, Wallet, sign


@pytest.fixture
def granted(desk: Desk, wallet: Wallet) -> tuple[ReadOffer, str]:
    """A read offer and the access token that it was exchanged for."""
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    return read, wallet.token(read, offer.activation_code).json()["access_token"]


Granted = tuple[ReadOffer, str]
POINT_OFF_CURVE = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"alg": None},
        {"kid": "did:example:1"},
        {"jwk": None, "kid": "1"},
        {"jwk": None},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"b64": False},
        {"jwk": "key"},
        {"jwk": {}},
        {"jwk": POINT_OFF_CURVE},
        {"jwk": {**POINT_OFF_CURVE, "x": 7}},
        {"jwk": {**POINT_OFF_CURVE, "x": "A" * 44}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}},
    ],
    ids=str,
)
def test_a_proof_with_this_header_is_refused(
    wallet: Wallet, granted: Granted, header: dict[str, Any]
) -> None:
    read, token = granted
    good = json.loads(raw(wallet.proof(read.issuer, wallet.nonce(read)).split(".")[0]))
    head = {name: value for name, value in {**good, **header}.items() if value is not None}
    body = {"aud": read.issuer, "iat": int(wallet.clock()), "nonce": wallet.nonce(read)}
    proof = forged(head, body, wallet.key)
    assert wallet.credential(read, token, proof).error == "invalid_proof"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"aud": None}, "invalid_proof"),
        ({"aud": ["https://legitymacja.example.org"]}, "invalid_proof"),
        ({"aud": "https://legitymacja.example.org/"}, "invalid_proof"),
        ({"iat": None}, "invalid_proof"),
        ({"iat": True}, "invalid_proof"),
        ({"iat": "1795000000"}, "invalid_proof"),
        ({"iat": 10**400}, "invalid_proof"),
        ({"iat": 2_000_000_000}, "invalid_proof"),
        ({"nonce": None}, "invalid_proof"),
        ({"nonce": 5}, "invalid_proof"),
        ({"nonce": "zażółć"}, "invalid_proof"),
        ({"nonce": ""}, "invalid_nonce"),
        ({"nonce": "A" * 54}, "invalid_nonce"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_proof_that_says_this_is_refused(
    wallet: Wallet, granted: Granted, body: dict[str, Any], error: str
) -> None:
    read, token = granted
    proof = wallet.proof(read.issuer, wallet.nonce(read), body=body)
    assert wallet.credential(read, token, proof).error == error


@pytest.mark.parametrize("proof", ["", "a.b", "a.b.c", "....", "é.é.é", "W10.e30.AA", "bnVsbA.bnVsbA.AA"])
def test_what_is_no_jwt_is_refused(wallet: Wallet, granted: Granted, proof: str) -> None:
    assert wallet.credential(*granted, proof).error == "invalid_proof"


def test_an_unsigned_proof_is_refused(wallet: Wallet, granted: Granted) -> None:
    read, token = granted
    head = {"typ": "openid4vci-proof+jwt", "alg": "none", "jwk": wallet.key.export_public(as_dict=True)}
    body = {"aud": read.issuer, "iat": int(wallet.clock()), "nonce": wallet.nonce(read)}
    proof = f"{segment(head)}.{segment(body)}."
    assert wallet.credential(read, token, proof).error == "invalid_proof"


def test_a_proof_signed_with_the_public_key_as_a_shared_secret_is_refused(
    wallet: Wallet, granted: Granted
) -> None:
    read, token = granted
    secret = JWK(kty="oct", k=segment(wallet.key.export_public(as_dict=True)))
    head = {"typ": "openid4vci-proof+jwt", "alg": "HS256", "jwk": wallet.key.export_public(as_dict=True)}
    body = {"aud": read.issuer, "iat": int(wallet.clock()), "nonce": wallet.nonce(read)}
    assert wallet.credential(read, token, sign(head, body, secret)).error == "invalid_proof"


def test_a_proof_with_a_key_on_another_curve_is_refused(wallet: Wallet, granted: Granted) -> None:
    read, token = granted
    key = JWK.generate(kty="EC", crv="P-384")
    proof = wallet.proof(read.issuer, wallet.nonce(read), key=key, header={"alg": "ES384"})
    assert wallet.credential(read, token, proof).error == "invalid_proof"


def test_a_nonce_is_good_for_five_minutes(wallet: Wallet, granted: Granted, clock: MovingClock) -> None:
    read, token = granted
    nonce = wallet.nonce(read)
    clock.move(seconds=299)
    assert wallet.credential(read, token, wallet.proof(read.issuer, nonce)).status == 200


def test_an_old_nonce_is_refused(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    nonce = wallet.nonce(read)
    clock.move(seconds=300)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    assert wallet.credential(read, token, wallet.proof(read.issuer, nonce)).error == "invalid_nonce"


def test_a_changed_nonce_is_refused(wallet: Wallet, granted: Granted) -> None:
    read, token = granted
    nonce = bytearray(raw(wallet.nonce(read)))
    nonce[3] ^= 1
    changed = base64.urlsafe_b64encode(bytes(nonce)).rstrip(b"=").decode()
    assert wallet.credential(read, token, wallet.proof(read.issuer, changed)).error == "invalid_nonce"


def test_a_proof_is_not_accepted_twice(wallet: Wallet, granted: Granted) -> None:
    read, token = granted
    proof = wallet.proof(read.issuer, wallet.nonce(read))
    assert wallet.credential(read, token, proof).status == 200
    assert wallet.credential(read, token, proof).error == "invalid_nonce"


def test_the_card_names_the_key_and_nothing_that_the_wallet_added_to_it(
    wallet: Wallet, granted: Granted
) -> None:
    read, token = granted
    named = {**wallet.key.export_public(as_dict=True), "kid": "my phone", "use": "sig"}
    proof = wallet.proof(read.issuer, wallet.nonce(read), header={"jwk": named})
    answer = wallet.credential(read, token, proof).json()
    claims = wallet.verified(answer["credentials"][0]["credential"], read.issuer)
    assert claims["cnf"]["jwk"] == wallet.key.export_public(as_dict=True)


def test_two_spellings_of_a_key_are_one_key(wallet: Wallet, granted: Granted) -> None:
    read, token = granted
    padded = wallet.key.export_public(as_dict=True)
    padded["x"] += "="
    first = wallet.proof(read.issuer, wallet.nonce(read))
    second = wallet.proof(read.issuer, wallet.nonce(read), header={"jwk": padded})
    assert wallet.credential(read, token, first).status == 200
    assert wallet.credential(read, token, second).status == 200


def test_header_parameters_that_nobody_needs_are_ignored(wallet: Wallet, granted: Granted) -> None:
    read, token = granted
    proof = wallet.proof(read.issuer, wallet.nonce(read), header={"key_attestation": "e30." + "A" * 2000})
    assert wallet.credential(read, token, proof).status == 200


def test_the_same_key_may_hold_the_cards_of_two_orders(desk: Desk, wallet: Wallet) -> None:
    cards = [desk.prepare("order-1"), desk.prepare("order-2")]
    held = [wallet.collect(offer.uri, offer.activation_code) for offer in cards]
    assert [wallet.status(card) for card in held] == [0, 0]


def forged(head: dict[str, Any], body: dict[str, Any], key: JWK) -> str:
    """Signed over exactly this header, which jwcrypto itself may refuse to write."""
    honest = {"alg": "ES256"}
    if set(head) >= {"alg"} and not {"crit", "b64"} & set(head):
        return sign(head, body, key)
    signature = sign(honest, body, key).split(".")[2]
    return f"{segment(head)}.{segment(body)}.{signature}"


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
