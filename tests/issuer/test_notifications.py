"""What a wallet may tell about its copy, and what follows."""

from __future__ import annotations

from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, Recorder
from tests.support.wallet import HeldCard, Wallet


def test_an_accepted_card_stays_as_it_is(wallet: Wallet, card: HeldCard, listener: Recorder) -> None:
    replies = [wallet.notify(card, "credential_accepted") for _ in range(2)]
    assert [(reply.status, reply.body) for reply in replies] == [(204, b"")] * 2
    assert wallet.status(card) == 0
    assert listener.heard == []


def test_a_card_that_could_not_be_stored_is_revoked_and_the_owner_gets_new_codes(
    wallet: Wallet, card: HeldCard, listener: Recorder
) -> None:
    assert wallet.notify(card, "credential_failure", event_description="disk full").status == 204
    assert wallet.status(card) == 1
    assert listener.heard == [("died", "order-1", "not_stored")]


def test_a_repeated_failure_is_told_once(wallet: Wallet, card: HeldCard, listener: Recorder) -> None:
    assert [wallet.notify(card, "credential_failure").status for _ in range(3)] == [204] * 3
    assert listener.heard == [("died", "order-1", "not_stored")]


def test_after_a_failure_the_old_token_fetches_nothing_but_new_codes_do(
    desk: Desk, wallet: Wallet, card: HeldCard
) -> None:
    wallet.notify(card, "credential_failure")
    proof = wallet.proof(card.offer.issuer, wallet.nonce(card.offer))
    assert wallet.credential(card.offer, card.access_token, proof).error == "credential_request_denied"
    offer = desk.renew()
    again = wallet.collect(offer.uri, offer.activation_code)
    assert (wallet.status(card), wallet.status(again)) == (1, 0)


def test_a_deleted_card_is_revoked_and_told(wallet: Wallet, card: HeldCard, listener: Recorder) -> None:
    assert [wallet.notify(card, "credential_deleted").status for _ in range(2)] == [204] * 2
    assert wallet.status(card) == 1
    assert listener.heard == [("deleted", "order-1")]


def test_there_are_no_new_codes_for_a_card_whose_last_day_passed_meanwhile(
    desk: Desk, wallet: Wallet, listener: Recorder, clock: MovingClock
) -> None:
    clock.instant = clock.instant.replace(hour=22, minute=59)  # 23:59 in Warsaw
    offer = desk.prepare(valid_until=clock.instant.date())
    held = wallet.collect(offer.uri, offer.activation_code)
    clock.move(minutes=2)
    assert wallet.notify(held, "credential_failure").status == 204
    assert listener.heard == [("collected", "order-1")]


def test_word_about_a_replaced_copy_leaves_the_new_one_alone(
    wallet: Wallet, card: HeldCard, listener: Recorder
) -> None:
    new = wallet.fetch(card.offer, card.access_token)
    listener.heard.clear()
    assert wallet.notify(card, "credential_failure").status == 204
    assert wallet.status(new) == 0
    assert listener.heard == []


def test_a_notification_id_of_another_card_is_unknown(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    offer = desk.prepare("order-2")
    other = second_wallet.collect(offer.uri, offer.activation_code)
    url = card.offer.metadata["notification_endpoint"]
    said = {"notification_id": card.notification_id, "event": "credential_deleted"}
    reply = second_wallet.post_json(url, said, other.access_token)
    assert (reply.status, reply.error) == (400, "invalid_notification_id")
    assert wallet.status(card) == 0


def test_a_notification_with_an_old_token_is_refused(
    wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    clock.move(minutes=6)
    assert wallet.notify(card, "credential_deleted").status == 401
    assert wallet.status(card) == 0
