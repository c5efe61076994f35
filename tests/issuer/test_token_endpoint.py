"""What the token endpoint takes, refuses and counts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from portal.audit import Event
from portal.database import db
from portal.issuer.models import AccessToken, CardOffer
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, Recorder, running
from tests.issuer.test_mistakes import wrong
from tests.support.wallet import PRE_AUTHORIZED, FlaskHttp, Wallet


def form(**changes: str | None) -> dict[str, str]:
    sent = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": "x" * 43, "tx_code": "12345678"}
    return {name: value for name, value in {**sent, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"pre-authorized_code": None}, "invalid_request"),
        ({"pre-authorized_code": ""}, "invalid_request"),
        ({"tx_code": None}, "invalid_request"),
        ({"tx_code": ""}, "invalid_request"),
        ({"authorization_details": "{"}, "invalid_authorization_details"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": "[" * 20_000}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type":"payment"}]'}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type":"openid_credential"}]'}, "invalid_authorization_details"),
        ({}, "invalid_grant"),
        ({"pre-authorized_code": "zażółć"}, "invalid_grant"),
    ],
    ids=str,
)
def test_a_request_like_this_is_refused(
    desk: Desk, wallet: Wallet, changes: dict[str, Any], error: str
) -> None:
    reply = wallet.post_form("https://legitymacja.example.org/oid4vci/token", form(**changes))
    assert (reply.status, reply.error) == (400, error)
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_parameter_sent_twice_is_refused(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    sent = [*form(**{"pre-authorized_code": read.code, "tx_code": None}).items()]
    reply = wallet.post_form(
        read.server["token_endpoint"], [*sent, ("tx_code", "00000000"), ("tx_code", offer.activation_code)]
    )
    assert reply.error == "invalid_request"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data", ""])
def test_another_content_type_is_refused(wallet: Wallet, content_type: str) -> None:
    reply = wallet.http(
        "POST",
        "https://legitymacja.example.org/oid4vci/token",
        headers={"Content-Type": content_type},
        body=b"grant_type=x",
    )
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_parameters_in_the_address_do_not_count(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    url = f"{read.server['token_endpoint']}?tx_code={offer.activation_code}"
    reply = wallet.post_form(url, form(**{"pre-authorized_code": read.code, "tx_code": None}))
    assert reply.error == "invalid_request"


def test_unknown_parameters_are_ignored(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    reply = wallet.token(
        wallet.read_offer(offer.uri), offer.activation_code, client_id="app", scope="student-id", x="y"
    )
    assert reply.status == 200


def test_the_answer_is_a_bearer_token_and_nothing_of_old_drafts(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    reply = wallet.token(wallet.read_offer(offer.uri), offer.activation_code)
    assert set(reply.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert reply.json()["token_type"] == "Bearer"
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_wallet_that_asks_with_authorization_details_gets_an_identifier(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    asked = [{"type": "openid_credential", "credential_configuration_id": "student-id"}]
    reply = wallet.token(read, offer.activation_code, authorization_details=json.dumps(asked))
    ((granted,), token) = (reply.json()["authorization_details"], reply.json()["access_token"])
    (identifier,) = granted["credential_identifiers"]
    proof = wallet.proof(read.issuer, wallet.nonce(read))
    assert wallet.credential(read, token, proof).error == "invalid_credential_request"
    by_name = {"credential_configuration_id": None, "credential_identifier": identifier}
    assert wallet.credential(read, token, proof, **by_name).status == 200


def test_bad_authorization_details_do_not_burn_the_code(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    wallet.token(read, offer.activation_code, authorization_details="[]")
    assert wallet.token(read, offer.activation_code).status == 200


def test_a_missing_activation_code_costs_no_try(desk: Desk, wallet: Wallet) -> None:
    read = wallet.read_offer(desk.prepare().uri)
    for _ in range(6):
        assert wallet.token(read, None).error == "invalid_request"
    offer = desk.offer()
    assert offer is not None
    assert offer.tries_left == 5


def test_a_wrong_activation_code_costs_one_try(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    wallet.token(wallet.read_offer(offer.uri), wrong(offer.activation_code))
    left = desk.offer()
    assert left is not None
    assert (left.tries_left, left.activation_code) == (4, offer.activation_code)


def test_a_refusal_says_how_many_tries_are_left(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    said = [wallet.token(read, wrong(offer.activation_code)).json() for _ in range(6)]
    assert [answer.get("tx_code_tries_left") for answer in said] == [4, 3, 2, 1, 0, None]


def test_the_fifth_wrong_code_voids_the_offer_and_tells_the_orders_once(
    desk: Desk, wallet: Wallet, listener: Recorder
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    for _ in range(7):
        wallet.token(read, wrong(offer.activation_code))
    assert listener.heard == [("died", "order-1", "wrong_codes")]
    assert desk.offer() is None
    assert [record.detail for record in desk.audited(Event.OFFER_VOIDED)] == ["wrong_codes"]


def test_wrong_codes_in_parallel_gain_no_try(desk: Desk, wallet: Wallet, listener: Recorder) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: wallet.token(read, wrong(offer.activation_code)), range(20)))
    assert {reply.error for reply in replies} == {"invalid_grant"}
    assert listener.heard == [("died", "order-1", "wrong_codes")]
    with desk.app.app_context():
        assert db.session.scalar(select(CardOffer.attempts)) == 5


def test_wrong_codes_count_across_a_restart(
    desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    for _ in range(3):
        wallet.token(read, wrong(offer.activation_code))
    with running(settings, clock) as again:
        restarted = Wallet(FlaskHttp(again), clock=wallet.clock)
        for _ in range(2):
            restarted.token(read, wrong(offer.activation_code))
        assert restarted.token(read, offer.activation_code).error == "invalid_grant"


def test_the_new_offer_after_wrong_codes_has_its_own_tries(desk: Desk, wallet: Wallet) -> None:
    first = desk.prepare()
    read = wallet.read_offer(first.uri)
    for _ in range(4):
        wallet.token(read, wrong(first.activation_code))
    second = desk.renew()
    assert (second.number, second.tries_left) == (2, 5)
    assert wallet.collect(second.uri, second.activation_code)


def test_an_activation_code_of_another_offer_does_not_fit(desk: Desk, wallet: Wallet) -> None:
    first, second = desk.prepare("order-1"), desk.prepare("order-2")
    assert wallet.token(wallet.read_offer(first.uri), second.activation_code).error == "invalid_grant"


def test_a_code_that_ran_out_is_an_invalid_grant(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    clock.instant = offer.expires_at
    assert wallet.token(read, offer.activation_code).error == "invalid_grant"


def test_only_a_hash_of_the_token_is_kept(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    token = wallet.token(wallet.read_offer(offer.uri), offer.activation_code).json()["access_token"]
    with desk.app.app_context():
        kept = db.session.scalar(select(AccessToken.token_hash))
    assert kept
    assert token not in kept
