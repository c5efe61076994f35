"""Requests that make no sense are refused in the standard's words, never with a 500."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.issuer.conftest import Desk
from tests.support.wallet import ReadOffer, Wallet

BASE = "https://legitymacja.example.org"
ILL_FORMED = [
    b"",
    b"{",
    b"[]",
    b"[1, 2]",
    b'"text"',
    b"null",
    b"NaN",
    b'{"a": NaN}',
    b'{"a": 1, "a": 2}',
    b"\xff\xfe",
    b'{"event": "\\ud800"}',
    b'{"a":' * 30_000,
    b"[" * 100_000,
    b'{"a": ' + b"9" * 10_000 + b"}",
]


@pytest.fixture
def granted(desk: Desk, wallet: Wallet) -> tuple[ReadOffer, str]:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    return read, wallet.token(read, offer.activation_code).json()["access_token"]


@pytest.mark.parametrize("body", ILL_FORMED, ids=lambda body: repr(body[:20]))
def test_an_ill_formed_body_is_refused(wallet: Wallet, granted: tuple[ReadOffer, str], body: bytes) -> None:
    _, token = granted
    asked = wallet.post_json(f"{BASE}/oid4vci/credential", body, token)
    assert (asked.status, asked.error) == (400, "invalid_credential_request")
    told = wallet.post_json(f"{BASE}/oid4vci/notification", body, token)
    assert (told.status, told.error) == (400, "invalid_notification_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"credential_configuration_id": None}, "invalid_credential_request"),
        ({"credential_configuration_id": 5}, "invalid_credential_request"),
        ({"credential_configuration_id": ["student-id"]}, "invalid_credential_request"),
        ({"credential_configuration_id": "diploma"}, "unknown_credential_configuration"),
        ({"credential_identifier": "student-id"}, "invalid_credential_request"),
        (
            {"credential_configuration_id": None, "credential_identifier": "student-id"},
            "unknown_credential_identifier",
        ),
        ({"credential_response_encryption": {"enc": "A128GCM"}}, "invalid_encryption_parameters"),
        ({"proofs": None}, "invalid_proof"),
        ({"proofs": None, "proof": {"proof_type": "jwt", "jwt": "x"}}, "invalid_proof"),
        ({"proofs": []}, "invalid_proof"),
        ({"proofs": {}}, "invalid_proof"),
        ({"proofs": {"jwt": []}}, "invalid_proof"),
        ({"proofs": {"jwt": "x"}}, "invalid_proof"),
        ({"proofs": {"jwt": [5]}}, "invalid_proof"),
        ({"proofs": {"jwt": ["x", "y"]}}, "invalid_proof"),
        ({"proofs": {"di_vp": [{}]}}, "invalid_proof"),
        ({"proofs": {"jwt": ["x"], "di_vp": [{}]}}, "invalid_proof"),
    ],
    ids=str,
)
def test_a_credential_request_like_this_is_refused(
    wallet: Wallet, granted: tuple[ReadOffer, str], changes: dict[str, Any], error: str
) -> None:
    reply = wallet.credential(*granted, "unused", **changes)
    assert (reply.status, reply.error) == (400, error)
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"notification_id": "x"},
        {"notification_id": 5, "event": "credential_accepted"},
        {"notification_id": "x", "event": "credential_eaten"},
        {"notification_id": "x", "event": ["credential_accepted"]},
    ],
    ids=str,
)
def test_a_notification_like_this_is_refused(
    wallet: Wallet, granted: tuple[ReadOffer, str], said: dict[str, Any]
) -> None:
    reply = wallet.post_json(f"{BASE}/oid4vci/notification", said, granted[1])
    assert (reply.status, reply.error) == (400, "invalid_notification_request")


@pytest.mark.parametrize("path", ["/oid4vci/credential", "/oid4vci/notification"])
@pytest.mark.parametrize(
    ("sent", "challenge"),
    [
        (None, "Bearer"),
        ("Bearer made-up", 'Bearer error="invalid_token"'),
        ("Bearer ", 'Bearer error="invalid_token"'),
        ("Bearer zażółć", 'Bearer error="invalid_token"'),
        ("Basic dTpw", 'Bearer error="invalid_token"'),
        ("DPoP made-up", 'Bearer error="invalid_token"'),
    ],
)
def test_without_a_good_token_the_answer_is_401(
    wallet: Wallet, path: str, sent: str | None, challenge: str
) -> None:
    headers = {"Content-Type": "application/json"}
    if sent is not None:
        headers["Authorization"] = sent
    reply = wallet.http("POST", BASE + path, headers=headers, body=b"{}")
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, challenge)
    assert reply.error == "invalid_token"


def test_the_word_bearer_may_be_written_in_any_case(wallet: Wallet, granted: tuple[ReadOffer, str]) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"BEARER {granted[1]}"}
    assert wallet.http("POST", f"{BASE}/oid4vci/credential", headers=headers, body=b"{}").status == 400


def test_another_content_type_is_refused(wallet: Wallet, granted: tuple[ReadOffer, str]) -> None:
    headers = {"Content-Type": "text/plain", "Authorization": f"Bearer {granted[1]}"}
    reply = wallet.http("POST", f"{BASE}/oid4vci/credential", headers=headers, body=b"{}")
    assert (reply.status, reply.error) == (400, "invalid_credential_request")


def test_an_oversized_body_is_refused(wallet: Wallet, granted: tuple[ReadOffer, str]) -> None:
    body = b'{"a": "' + b"x" * 300_000 + b'"}'
    assert wallet.post_json(f"{BASE}/oid4vci/credential", body, granted[1]).status == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["token", "nonce", "credential", "notification"])
def test_only_post_does_anything(wallet: Wallet, path: str, method: str) -> None:
    assert wallet.http(method, f"{BASE}/oid4vci/{path}").status == 405


@pytest.mark.parametrize(
    "path",
    ["/.well-known/openid-credential-issuer", "/vct/student-id/1", "/status-lists/1", "/oid4vci/offers/x"],
)
def test_what_is_read_cannot_be_posted_to(wallet: Wallet, path: str) -> None:
    assert wallet.http("POST", BASE + path).status == 405


@pytest.mark.parametrize(
    "path",
    ["/oid4vci/offers/%ff", "/oid4vci/offers/%00", "/oid4vci/offers/" + "x" * 5000, "/oid4vci/offers/ż"],
)
def test_a_strange_offer_address_is_no_offer(app: Flask, desk: Desk, path: str) -> None:
    answer = app.test_client().get(path, base_url=BASE)
    assert answer.status_code in (400, 404)


@pytest.mark.parametrize("number", ["0", "7", "-1", "x", "9" * 30])
def test_a_status_list_that_was_never_opened_is_not_found(wallet: Wallet, number: str) -> None:
    assert wallet.http("GET", f"{BASE}/status-lists/{number}").status == 404
