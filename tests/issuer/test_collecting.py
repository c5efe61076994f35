"""From the QR to the card: once, for one key."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from portal.audit import Event
from portal.issuer.models import AccessToken, IssuedCopy
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, Recorder
from tests.support.wallet import FlaskHttp, Refused, Reply, Wallet, new_key


def at_once(count: int, ask: Callable[[int], Reply]) -> list[Reply]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


def test_a_wallet_takes_the_card_with_qr_and_activation_code(
    desk: Desk, wallet: Wallet, listener: Recorder
) -> None:
    offer = desk.prepare()
    card = wallet.collect(offer.uri, offer.activation_code)
    assert card.claims["given_name"] == "Zofia Łucja"
    assert card.claims["cnf"]["jwk"] == wallet.key.export_public(as_dict=True)
    assert wallet.status(card) == 0
    assert listener.heard == [("collected", "order-1")]


def test_the_qr_is_short_and_holds_neither_code(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    assert len(offer.uri) <= 120
    assert offer.activation_code not in offer.uri
    assert wallet.read_offer(offer.uri).code not in offer.uri


def test_an_offer_can_be_read_many_times_before_it_is_used(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    assert wallet.read_offer(offer.uri).raw == wallet.read_offer(offer.uri).raw
    assert wallet.collect(offer.uri, offer.activation_code)


def test_a_collected_offer_cannot_be_collected_again(
    desk: Desk, wallet: Wallet, second_wallet: Wallet
) -> None:
    offer = desk.prepare()
    read = second_wallet.read_offer(offer.uri)
    wallet.collect(offer.uri, offer.activation_code)
    assert second_wallet.token(read, offer.activation_code).error == "invalid_grant"
    with pytest.raises(Refused) as refused:
        second_wallet.read_offer(offer.uri)
    assert refused.value.reply.status == 404
    assert desk.offer() is None


def test_exactly_one_of_twenty_parallel_redemptions_succeeds(app: Flask, desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    replies = at_once(20, lambda _: wallet.token(read, offer.activation_code))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 19
    assert {reply.error for reply in replies if reply.status == 400} == {"invalid_grant"}
    assert desk.count(AccessToken) == 1


def test_parallel_credential_requests_of_one_token_leave_one_card(
    app: Flask, desk: Desk, wallet: Wallet, listener: Recorder
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    proofs = [wallet.proof(read.issuer, wallet.nonce(read)) for _ in range(10)]
    replies = at_once(10, lambda number: wallet.credential(read, token, proofs[number]))
    assert [reply.status for reply in replies] == [200] * 10
    assert desk.count(IssuedCopy, IssuedCopy.revoked_at.is_(None)) == 1
    assert listener.heard == [("collected", "order-1"), *[("refreshed", "order-1", "2027-03-31")] * 9]


def test_parallel_requests_with_different_keys_leave_one_card_for_one_key(
    app: Flask, desk: Desk, wallet: Wallet
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    proofs = [wallet.proof(read.issuer, wallet.nonce(read), key=new_key()) for _ in range(8)]
    replies = at_once(8, lambda number: wallet.credential(read, token, proofs[number]))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 7
    assert {r.error for r in replies if r.status == 400} == {"credential_request_denied"}
    assert desk.count(IssuedCopy) == 1


def test_a_repeat_by_the_same_key_and_token_replaces_a_lost_copy(
    desk: Desk, wallet: Wallet, listener: Recorder
) -> None:
    offer = desk.prepare()
    lost = wallet.collect(offer.uri, offer.activation_code)
    again = wallet.fetch(lost.offer, lost.access_token)
    assert (wallet.status(lost), wallet.status(again)) == (1, 0)
    assert lost.claims["status"] != again.claims["status"]
    assert listener.heard == [("collected", "order-1"), ("refreshed", "order-1", "2027-03-31")]


def test_another_key_gets_no_copy_with_the_same_token(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    card = wallet.collect(offer.uri, offer.activation_code)
    other = wallet.proof(card.offer.issuer, wallet.nonce(card.offer), key=new_key())
    assert wallet.credential(card.offer, card.access_token, other).error == "credential_request_denied"
    assert wallet.status(card) == 0


def test_a_card_whose_order_ended_is_not_issued(desk: Desk, wallet: Wallet, listener: Recorder) -> None:
    offer = desk.prepare()
    listener.collectable = False
    with pytest.raises(Refused) as refused:
        wallet.collect(offer.uri, offer.activation_code)
    assert refused.value.reply.error == "credential_request_denied"
    assert desk.count(IssuedCopy) == 0
    desk.sweep()
    assert desk.audited(Event.OFFER_VOIDED) == []


def test_a_card_revoked_between_token_and_proof_is_not_issued(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    desk.revoke()
    reply = wallet.credential(read, token, wallet.proof(read.issuer, wallet.nonce(read)))
    assert reply.error == "credential_request_denied"
    assert desk.count(IssuedCopy) == 0


def test_new_codes_stop_the_token_of_the_old_ones(desk: Desk, wallet: Wallet, second_wallet: Wallet) -> None:
    first = desk.prepare()
    read = wallet.read_offer(first.uri)
    token = wallet.token(read, first.activation_code).json()["access_token"]
    second = desk.renew()
    reply = wallet.credential(read, token, wallet.proof(read.issuer, wallet.nonce(read)))
    assert reply.error == "credential_request_denied"
    assert second_wallet.collect(second.uri, second.activation_code)


def test_a_card_collected_with_new_codes_replaces_the_one_on_the_old_phone(
    desk: Desk, wallet: Wallet, second_wallet: Wallet
) -> None:
    first = desk.prepare()
    old = wallet.collect(first.uri, first.activation_code)
    second = desk.renew()
    assert wallet.status(old) == 0
    new = second_wallet.collect(second.uri, second.activation_code)
    assert (wallet.status(old), second_wallet.status(new)) == (1, 0)


def test_no_card_is_issued_past_its_last_day(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    clock.instant = clock.instant.replace(hour=22, minute=58)  # 23:58 in Warsaw
    offer = desk.prepare(valid_until=clock.instant.date())
    read = wallet.read_offer(offer.uri)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    clock.move(minutes=3)
    reply = wallet.credential(read, token, wallet.proof(read.issuer, wallet.nonce(read)))
    assert reply.error == "credential_request_denied"


def test_a_whole_lecture_collects_its_cards_at_once(app: Flask, desk: Desk, clock: MovingClock) -> None:
    offers = [desk.prepare(f"order-{number}") for number in range(12)]

    def collect(number: int) -> int:
        phone = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
        return phone.status(phone.collect(offers[number].uri, offers[number].activation_code))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(collect, range(12))) == [0] * 12
    assert desk.count(IssuedCopy) == 12
