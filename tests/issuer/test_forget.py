"""Forgetting: nothing is left of an ended card but its places in the status lists."""

from __future__ import annotations

from sqlalchemy import select

from portal.database import Base, db
from portal.issuer.models import AccessToken, Card, CardOffer, IssuedCopy, RefreshToken, TokenFamily
from tests.conftest import MovingClock
from tests.issuer.conftest import DATA, Desk
from tests.support.wallet import HeldCard, Wallet

TABLES = (CardOffer, TokenFamily, RefreshToken, AccessToken)


def issuers_rows(desk: Desk) -> str:
    """All that stands in the issuer's tables."""
    with desk.app.app_context():
        tables = [
            table
            for table in Base.metadata.sorted_tables
            if table.name.startswith(("issuer", "issued", "status"))
        ]
        return repr([list(db.session.execute(select(table))) for table in tables])


def test_what_led_to_an_ended_card_is_gone(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    new = wallet.refresh(card)
    desk.revoke()
    desk.forget("order-1")
    assert [desk.count(table) for table in TABLES] == [0, 0, 0, 0]
    left = issuers_rows(desk)
    traces = ("order-1", new.notification_id, wallet.key.thumbprint(), DATA.surname, DATA.album_number)
    assert [trace for trace in traces if trace in left] == []
    assert desk.looks_valid_until() is None


def test_its_places_stay_taken_and_revoked(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    new = wallet.refresh(card)
    desk.revoke()
    before = wallet.status_list(card.claims["status"]["status_list"]["uri"])["status_list"]
    desk.forget("order-1")
    assert (wallet.status(card), wallet.status(new)) == (1, 1)
    after = wallet.status_list(card.claims["status"]["status_list"]["uri"])["status_list"]
    assert after == before
    assert desk.count(IssuedCopy) == 2
    assert desk.count(Card) == 1


def test_the_key_that_signed_it_is_published_as_long_as_before(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    desk.revoke()
    desk.forget("order-1")
    desk.app.test_cli_runner().invoke(args=["issuer", "rotate-key"])
    clock.move(days=60)
    assert wallet.verified(card.credential, card.offer.issuer)["family_name"] == DATA.surname


def test_when_things_happened_can_not_be_joined_with_the_audit(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    clock.move(days=3)
    desk.revoke()
    clock.move(days=400)
    desk.forget("order-1")
    with desk.app.app_context():
        (copy,) = db.session.scalars(select(IssuedCopy)).all()
        (stone,) = db.session.scalars(select(Card)).all()
    assert {copy.issued_at, copy.revoked_at} == {copy.expires_at}
    assert copy.looks_valid_until is None
    assert {stone.created_at, stone.ended_at, stone.valid_until} == {clock.now(), None}


def test_a_card_that_nobody_collected_leaves_nothing(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    wallet.token(wallet.read_offer(offer.uri), offer.activation_code)
    desk.revoke()
    desk.revoke("never prepared")
    desk.forget("order-1", "never prepared")
    assert [desk.count(table) for table in (*TABLES, Card, IssuedCopy)] == [0] * 6


def test_living_cards_stay_as_they_are(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    waiting = desk.prepare("order-2")
    desk.forget("order-1", "order-2", "order-3")
    assert wallet.status(wallet.refresh(card)) == 0
    assert desk.offer("order-2") == waiting
    assert desk.looks_valid_until() is not None


def test_forgetting_may_be_repeated_and_broken_off(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    others = [f"other-{number}" for number in range(45)]  # more than two batches
    for reference in others:
        desk.prepare(reference)
        desk.revoke(reference)
    desk.revoke()
    desk.forget(*others[:10])
    for _ in range(2):
        desk.forget("order-1", *others)
        assert (desk.count(Card), desk.count(IssuedCopy), desk.count(CardOffer)) == (1, 1, 0)


def test_other_cards_keep_their_tokens(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard
) -> None:
    offer = desk.prepare("order-2")
    other = second_wallet.collect(offer.uri, offer.activation_code)
    desk.revoke()
    desk.forget("order-1")
    assert second_wallet.status(second_wallet.refresh(other)) == 0
    assert wallet.status(card) == 1


def test_a_forgotten_wallet_is_refused_like_any_stranger(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    desk.revoke()
    dead = wallet.refreshed(card)
    desk.forget("order-1")
    forgotten = wallet.refreshed(card)
    assert (forgotten.status, forgotten.body) == (dead.status, dead.body) == (400, dead.body)
    assert wallet.notify(card, "credential_deleted").status == 401


def test_the_sweep_minds_no_tombstone(desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock) -> None:
    desk.revoke()
    desk.forget("order-1")
    clock.move(days=500)
    desk.sweep()
    assert (desk.count(Card), desk.count(IssuedCopy)) == (1, 1)
