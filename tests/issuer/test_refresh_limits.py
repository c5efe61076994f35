"""One wallet must not eat up the places of the status lists, nor the disk."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.issuer import limits
from portal.issuer.models import IssuedCopy, RefreshToken
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, running
from tests.issuer.test_collecting import at_once
from tests.issuer.test_refresh_mistakes import fetched
from tests.support.wallet import FlaskHttp, HeldCard, Refused, Wallet

LATER = date(2027, 10, 31)


def test_one_wallet_cannot_eat_the_places_of_a_status_list(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock, settings: Settings
) -> None:
    held = card
    for _ in range(limits.COPIES - 1):
        clock.move(minutes=7)
        held = wallet.refresh(held)
    with pytest.raises(Refused) as refused:
        wallet.refresh(held)
    reply = refused.value.reply
    assert (reply.status, reply.error) == (429, "slow_down")
    wait = int(reply.headers["Retry-After"])
    assert timedelta(seconds=wait) == timedelta(days=1) - 11 * timedelta(minutes=7)
    assert (wallet.status(held), desk.count(IssuedCopy)) == (0, limits.COPIES)
    clock.move(seconds=wait - 1)
    with running(settings, clock) as restarted:
        same_phone = Wallet(FlaskHttp(restarted), clock=wallet.clock)
        same_phone.key = wallet.key
        with pytest.raises(Refused):
            same_phone.refresh(held)
    clock.move(seconds=1)
    assert wallet.status(wallet.refresh(held)) == 0


def test_one_access_token_cannot_eat_them_either(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    replies = []
    for _ in range(limits.COPIES + 3):
        proof = wallet.proof(card.offer.issuer, wallet.nonce(card.offer))
        replies.append(wallet.credential(card.offer, card.access_token, proof).status)
    assert replies == [200] * (limits.COPIES - 1) + [429] * 4


def test_a_new_date_is_never_held_up(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    held = card
    for _ in range(limits.COPIES - 1):
        held = wallet.refresh(held)
    desk.extend(valid_until=LATER)
    held = wallet.refresh(held)
    assert held.claims["date_of_expiry"] == "2027-10-31"
    with pytest.raises(Refused):
        wallet.refresh(held)


def test_a_wallet_that_only_refreshes_waits_too(wallet: Wallet, card: HeldCard, clock: MovingClock) -> None:
    replies = [wallet.refreshed(card) for _ in range(limits.REFRESHES)]
    assert [reply.status for reply in replies] == [200] * (limits.REFRESHES - 1) + [429]
    assert replies[-1].headers["Retry-After"] == "3600"
    clock.move(hours=1)
    assert wallet.status(wallet.refresh(card)) == 0


def test_asking_in_parallel_gains_no_copy_above_the_limit(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    replies = at_once(20, lambda _: fetched(wallet, card, card.access_token))
    assert sorted({reply.status for reply in replies}) == [200, 429]
    assert desk.count(IssuedCopy) == limits.COPIES


def test_refreshing_in_parallel_gains_no_token_above_the_limit(
    desk: Desk, wallet: Wallet, card: HeldCard
) -> None:
    replies = at_once(30, lambda _: wallet.refreshed(card))
    assert sorted({reply.status for reply in replies}) == [200, 429]
    assert desk.count(RefreshToken) == limits.REFRESHES
