"""Revoking: the status list says so at once; how long an old one may be believed is known exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.issuer.models import Card, CardStatus
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, running
from tests.support.wallet import FlaskHttp, HeldCard, Wallet


def collected(desk: Desk, wallet: Wallet, reference: str = "order-1") -> HeldCard:
    offer = desk.prepare(reference)
    return wallet.collect(offer.uri, offer.activation_code)


def published(wallet: Wallet, card: HeldCard) -> datetime:
    """The end of the status list that a verifier gets now."""
    said = wallet.status_list(card.claims["status"]["status_list"]["uri"])
    return datetime.fromtimestamp(said["exp"], UTC)


def test_a_revoked_card_shows_in_the_list_at_once(desk: Desk, wallet: Wallet) -> None:
    card = collected(desk, wallet)
    assert wallet.status(card) == 0
    desk.revoke()
    assert wallet.status(card) == 1


def test_revoking_touches_no_other_card(desk: Desk, wallet: Wallet, second_wallet: Wallet) -> None:
    mine, other = collected(desk, wallet), collected(desk, second_wallet, "order-2")
    desk.revoke()
    assert (wallet.status(mine), second_wallet.status(other)) == (1, 0)


def test_revoking_may_be_repeated(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    card = collected(desk, wallet)
    wallet.status(card)
    desk.revoke()
    end = desk.looks_valid_until()
    clock.move(hours=3)
    desk.revoke()
    assert desk.looks_valid_until() == end


def test_revoking_withdraws_the_open_offer(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    desk.revoke()
    assert desk.offer() is None
    assert wallet.token(read, offer.activation_code).error == "invalid_grant"


def test_revoking_erases_what_the_card_said(desk: Desk, wallet: Wallet) -> None:
    collected(desk, wallet)
    desk.revoke()
    assert desk.count(Card, Card.status == CardStatus.ENDED, Card.data.is_(None)) == 1


def test_a_card_that_nobody_collected_never_looks_valid(desk: Desk) -> None:
    desk.prepare()
    desk.revoke()
    assert desk.looks_valid_until() is None
    assert desk.looks_valid_until("never heard of") is None


def test_an_offline_copy_looks_valid_until_the_last_published_list_ends(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    card = collected(desk, wallet)
    published(wallet, card)
    clock.move(hours=7, seconds=11)
    last = published(wallet, card)
    clock.move(hours=2)
    desk.revoke()
    assert desk.looks_valid_until() == last
    assert last - clock.now() <= timedelta(hours=22)


def test_a_list_published_after_the_revocation_lengthens_nothing(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    card = collected(desk, wallet)
    before = published(wallet, card)
    clock.move(hours=1)
    desk.revoke()
    assert published(wallet, card) > before
    assert desk.looks_valid_until() == before


def test_where_no_list_was_ever_read_nothing_looks_valid_after_the_revocation(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    collected(desk, wallet)
    clock.move(minutes=4)
    desk.revoke()
    assert desk.looks_valid_until() == clock.now()


def test_a_copy_never_looks_valid_past_its_own_end(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare(valid_until=clock.now().date())
    card = wallet.collect(offer.uri, offer.activation_code)
    assert published(wallet, card) > datetime(2026, 11, 20, 23, tzinfo=UTC)
    desk.revoke()
    assert desk.looks_valid_until() == datetime(2026, 11, 20, 23, tzinfo=UTC)


def test_how_long_a_copy_looks_valid_is_known_across_a_restart(
    desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock
) -> None:
    card = collected(desk, wallet)
    last = published(wallet, card)
    with running(settings, clock) as again:
        restarted = Desk(again)
        restarted.revoke()
        assert restarted.looks_valid_until() == last
        assert Wallet(FlaskHttp(again)).status(card) == 1
    assert wallet.status(card) == 1  # the first process hears of it too


def test_a_lost_copy_counts_as_well(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    first = collected(desk, wallet)
    last = published(wallet, first)
    clock.move(minutes=1)
    wallet.fetch(first.offer, first.access_token)
    desk.revoke()
    assert desk.looks_valid_until() == last


def test_before_a_revocation_the_answer_is_what_it_would_be_now(desk: Desk, wallet: Wallet) -> None:
    card = collected(desk, wallet)
    last = published(wallet, card)
    assert desk.looks_valid_until() == last


def test_every_process_publishes_the_revocation(
    desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock
) -> None:
    card = collected(desk, wallet)
    with running(settings, clock) as beside:
        other = Wallet(FlaskHttp(beside))
        assert (wallet.status(card), other.status(card)) == (0, 0)
        desk.revoke()
        assert (wallet.status(card), other.status(card)) == (1, 1)
