"""Refresh tokens in the wrong hands, at the wrong time, twice at once; and how they are forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from portal.audit import Event
from portal.database import db, write
from portal.issuer.models import AccessToken, IssuedCopy, RefreshToken, TokenFamily
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, Recorder
from tests.issuer.test_collecting import at_once
from tests.support.wallet import HeldCard, Refused, Reply, Wallet, new_key


def fetched(wallet: Wallet, card: HeldCard, access_token: str) -> Reply:
    """What the credential endpoint says to this token, with a proof of the wallet's key."""
    return wallet.credential(
        card.offer, access_token, wallet.proof(card.offer.issuer, wallet.nonce(card.offer))
    )


def shown(wallet: Wallet, card: HeldCard, refresh_token: str) -> Reply:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return wallet.post_form(card.offer.server["token_endpoint"], form)


def stolen(desk: Desk) -> list[tuple[str | None, str | None, str | None]]:
    return [(record.subject, record.detail, record.address) for record in desk.audited(Event.TOKENS_VOIDED)]


def test_a_stolen_old_token_voids_the_family(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    new = wallet.refresh(card)
    assert second_wallet.refreshed(card).error == "invalid_grant"
    assert stolen(desk) == [("order-1", "old_refresh_token", "198.51.100.9")]
    assert wallet.refreshed(new).error == "invalid_grant"
    assert fetched(wallet, new, new.access_token).status == 401
    assert wallet.status(new) == 0, "the card itself is nobody else's: it stays"


def test_after_that_the_card_comes_with_new_codes_as_ever(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    new = wallet.refresh(card)
    second_wallet.refreshed(card)
    offer = desk.renew()
    again = wallet.collect(offer.uri, offer.activation_code)
    assert (wallet.status(new), wallet.status(again)) == (1, 0)
    assert wallet.refresh(again)


def test_a_successor_that_was_used_retires_the_token_before_it(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    thief = second_wallet.refreshed(card).json()
    thief = shown(second_wallet, card, thief["refresh_token"]).json()
    assert wallet.refreshed(card).error == "invalid_grant", "the owner comes second, and is heard"
    assert shown(second_wallet, card, thief["refresh_token"]).error == "invalid_grant"
    assert fetched(second_wallet, card, thief["access_token"]).status == 401
    assert len(stolen(desk)) == 1


def test_who_steals_a_token_gets_no_card_without_the_key(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    with pytest.raises(Refused) as refused:
        second_wallet.refresh(card)
    assert refused.value.reply.error == "credential_request_denied"
    assert (wallet.status(card), desk.count(IssuedCopy)) == (0, 1)
    assert wallet.status(wallet.refresh(card)) == 0


def test_a_replaced_answer_that_shows_up_voids_the_family(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    replaced = second_wallet.refreshed(card).json()
    new = wallet.refresh(card)
    assert shown(second_wallet, card, replaced["refresh_token"]).error == "invalid_grant"
    assert len(stolen(desk)) == 1
    assert wallet.refreshed(new).error == "invalid_grant"


def test_a_thief_who_goes_on_trying_fills_no_disk(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    wallet.refresh(card)
    assert {wallet.refreshed(card).error for _ in range(10)} == {"invalid_grant"}
    assert {shown(wallet, card, f"made up {number}").error for number in range(10)} == {"invalid_grant"}
    assert len(stolen(desk)) == 1
    assert desk.count(RefreshToken) == 2


def test_nobody_learns_why_a_token_is_refused(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    new = wallet.refresh(card)
    uncollected = desk.prepare("order-2")
    waiting = wallet.token(wallet.read_offer(uncollected.uri), uncollected.activation_code).json()
    other = desk.prepare("order-3")
    revoked = wallet.collect(other.uri, other.activation_code)
    desk.revoke("order-3")
    tokens = [
        "never was",
        waiting["refresh_token"],
        card.refresh_token,
        new.refresh_token,
        revoked.refresh_token,
    ]
    replies = [shown(wallet, card, token) for token in tokens]
    assert {(reply.status, reply.body, reply.headers["Cache-Control"]) for reply in replies} == {
        (400, replies[0].body, "no-store")
    }
    assert replies[0].error == "invalid_grant"


def test_the_card_has_to_be_collected_with_its_codes_first(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    got = wallet.token(read, offer.activation_code).json()
    form = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    assert wallet.post_form(read.server["token_endpoint"], form).error == "invalid_grant"
    card = wallet.fetch(read, got["access_token"], got["refresh_token"])
    assert wallet.status(wallet.refresh(card)) == 0


def test_another_key_gets_no_refreshed_copy(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    got = wallet.refreshed(card).json()
    proof = wallet.proof(card.offer.issuer, wallet.nonce(card.offer), key=new_key())
    assert wallet.credential(card.offer, got["access_token"], proof).error == "credential_request_denied"
    assert wallet.status(card) == 0
    assert fetched(wallet, card, got["access_token"]).status == 200


def test_a_revoked_card_is_not_refreshed(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    got = wallet.refreshed(card).json()
    desk.revoke()
    assert wallet.refreshed(card).error == "invalid_grant"
    assert shown(wallet, card, got["refresh_token"]).error == "invalid_grant"
    assert fetched(wallet, card, got["access_token"]).error == "credential_request_denied"
    assert stolen(desk) == []


@pytest.mark.parametrize("swept", [True, False])
def test_a_card_past_its_last_day_is_not_refreshed(
    desk: Desk, wallet: Wallet, clock: MovingClock, swept: bool
) -> None:
    offer = desk.prepare(valid_until=date(2026, 11, 21))
    card = wallet.collect(offer.uri, offer.activation_code)
    clock.instant = clock.instant.replace(day=21, hour=22, minute=59)  # 23:59 in Warsaw
    got = wallet.refreshed(card).json()
    clock.move(minutes=1)
    if swept:
        desk.sweep()
    assert wallet.refreshed(card).error == "invalid_grant"
    assert fetched(wallet, card, got["access_token"]).error == "credential_request_denied"


def test_a_card_collected_with_new_codes_ends_the_old_phones_tokens(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    offer = desk.renew()
    held = wallet.refresh(card)  # new codes that nobody used take nothing away
    read = second_wallet.read_offer(offer.uri)
    got = second_wallet.token(read, offer.activation_code).json()
    held = wallet.refresh(held)
    moved = second_wallet.fetch(read, got["access_token"], got["refresh_token"])
    assert wallet.refreshed(held).error == "invalid_grant"
    assert fetched(wallet, held, held.access_token).status == 401
    assert (wallet.status(held), second_wallet.status(moved)) == (1, 0)
    assert second_wallet.status(second_wallet.refresh(moved)) == 0
    assert stolen(desk) == []


@pytest.mark.parametrize("event", ["credential_failure", "credential_deleted"])
def test_a_copy_that_the_wallet_gave_up_is_not_refreshed(
    desk: Desk, wallet: Wallet, card: HeldCard, event: str
) -> None:
    assert wallet.notify(card, event).status == 204
    assert wallet.refreshed(card).error == "invalid_grant"
    assert stolen(desk) == []


def test_refreshing_in_parallel_leaves_one_living_chain(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    replies = at_once(10, lambda _: wallet.refreshed(card))
    assert [reply.status for reply in replies] == [200] * 10
    with desk.app.app_context():
        alive = db.session.query(RefreshToken).filter(RefreshToken.retired_at.is_(None)).count()
    assert alive == 2, "the one that was shown, and one successor"
    statuses = [fetched(wallet, card, reply.json()["access_token"]).status for reply in replies]
    assert sorted(statuses) == [200] + [401] * 9
    (winner,) = [reply for reply, status in zip(replies, statuses, strict=True) if status == 200]
    assert shown(wallet, card, winner.json()["refresh_token"]).status == 200
    assert desk.count(IssuedCopy, IssuedCopy.revoked_at.is_(None)) == 1


def test_an_old_token_shown_in_parallel_is_one_theft(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    wallet.refresh(card)
    replies = at_once(10, lambda _: wallet.refreshed(card))
    assert {reply.error for reply in replies} == {"invalid_grant"}
    assert len(stolen(desk)) == 1


def test_refreshing_while_the_card_is_revoked_leaves_no_valid_copy(
    desk: Desk, wallet: Wallet, card: HeldCard
) -> None:
    def refresh_until_refused() -> str | None:
        held = card
        while True:
            try:
                held = wallet.refresh(held)
            except Refused as refused:
                return refused.reply.error

    with ThreadPoolExecutor(1) as pool:
        refusal = pool.submit(refresh_until_refused)
        desk.revoke()
        assert refusal.result(timeout=60) in ("invalid_grant", "credential_request_denied")
    assert desk.count(IssuedCopy, IssuedCopy.revoked_at.is_(None)) == 0
    assert wallet.refreshed(card).error == "invalid_grant"


def test_parallel_requests_with_a_refreshed_token_leave_one_copy(
    desk: Desk, wallet: Wallet, card: HeldCard, listener: Recorder
) -> None:
    token = wallet.refreshed(card).json()["access_token"]
    replies = at_once(8, lambda _: fetched(wallet, card, token))
    assert [reply.status for reply in replies] == [200] * 8
    assert desk.count(IssuedCopy, IssuedCopy.revoked_at.is_(None)) == 1


def test_an_unknown_token_does_not_reach_the_writer(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    desk.revoke()
    with desk.app.app_context(), write(), ThreadPoolExecutor(1) as pool:
        for token in ("made up", card.refresh_token):
            assert pool.submit(shown, wallet, card, token).result(timeout=5).error == "invalid_grant"


def test_dead_families_are_forgotten_after_a_day(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    offer = desk.prepare("order-2")
    other = second_wallet.collect(offer.uri, offer.activation_code)
    wallet.refresh(wallet.refresh(card))
    desk.revoke()
    desk.sweep()
    assert (desk.count(TokenFamily), desk.count(RefreshToken)) == (2, 4)
    clock.move(days=1)
    desk.sweep()
    assert (desk.count(TokenFamily), desk.count(RefreshToken), desk.count(AccessToken)) == (1, 1, 0)
    assert wallet.refreshed(card).error == "invalid_grant"
    assert second_wallet.refresh(other)


def test_codes_that_led_to_no_card_leave_no_tokens(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare()
    wallet.token(wallet.read_offer(offer.uri), offer.activation_code)
    for _ in range(2):
        clock.move(days=1, minutes=6)
        desk.sweep()
    assert (desk.count(TokenFamily), desk.count(RefreshToken), desk.count(AccessToken)) == (0, 0, 0)


def test_codes_that_newer_ones_replaced_leave_no_tokens(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    offer = desk.prepare()
    wallet.token(wallet.read_offer(offer.uri), offer.activation_code)
    desk.renew()
    clock.move(days=1)
    desk.sweep()
    assert (desk.count(TokenFamily), desk.count(RefreshToken), desk.count(AccessToken)) == (0, 0, 0)


def test_a_wallet_that_refreshes_for_years_leaves_a_short_chain(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    held = card
    for _ in range(12):
        clock.move(days=10)
        desk.sweep()
        held = wallet.refresh(held)
    assert desk.count(RefreshToken) <= 5
    assert wallet.refreshed(card).error == "invalid_grant", "too old to be recognised, and still refused"
    assert stolen(desk) == []
    assert wallet.refresh(held)
