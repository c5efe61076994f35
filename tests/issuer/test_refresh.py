"""A new copy without new codes: what a refresh token gives, and how lost answers are mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select, update

from portal.database import db, write
from portal.issuer import places
from portal.issuer.models import AccessToken, IssuedCopy, RefreshToken, TokenFamily
from portal.issuer.places import Slot
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, Recorder
from tests.support.wallet import HeldCard, Refused, Wallet

TOKEN = "https://legitymacja.example.org/oid4vci/token"
LATER = date(2027, 10, 31)


def test_refreshing_gives_a_new_copy_with_its_own_place_and_revokes_the_old_one(
    wallet: Wallet, card: HeldCard, listener: Recorder
) -> None:
    new = wallet.refresh(card)
    assert (wallet.status(card), wallet.status(new)) == (1, 0)
    assert new.claims["status"] != card.claims["status"]
    assert new.claims["cnf"]["jwk"] == wallet.key.export_public(as_dict=True)
    assert listener.heard == [("refreshed", "order-1", "2027-03-31")]


def test_an_extended_card_gets_its_new_date_without_new_codes(
    desk: Desk, wallet: Wallet, card: HeldCard, listener: Recorder
) -> None:
    desk.extend(valid_until=LATER)
    new = wallet.refresh(card)
    assert new.claims["date_of_expiry"] == "2027-10-31"
    assert listener.heard == [("refreshed", "order-1", "2027-10-31")]


def test_each_refresh_rotates_the_token(wallet: Wallet, card: HeldCard) -> None:
    held = card
    seen = {card.refresh_token}
    for _ in range(4):
        held = wallet.refresh(held)
        seen.add(held.refresh_token)
    assert len(seen) == 5
    assert wallet.status(held) == 0


def test_the_answer_is_what_the_standard_says(wallet: Wallet, card: HeldCard) -> None:
    reply = wallet.refreshed(card, scope="student-id", client_id="app")
    assert reply.status == 200
    assert set(reply.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert reply.headers["Cache-Control"] == "no-store"


def test_only_hashes_of_the_tokens_are_kept(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    new = wallet.refresh(card)
    with desk.app.app_context():
        kept = {*db.session.scalars(select(RefreshToken.token_hash))}
    assert len(kept) == 2
    assert not kept & {card.refresh_token, new.refresh_token}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"refresh_token": ""}, "invalid_request"),
        ({"refresh_token": "x" * 43}, "invalid_grant"),
        ({"refresh_token": "zażółć"}, "invalid_grant"),
        ({"refresh_token": "x", "authorization_details": "[]"}, "invalid_authorization_details"),
    ],
    ids=str,
)
def test_a_request_like_this_is_refused(wallet: Wallet, form: dict[str, str], error: str) -> None:
    reply = wallet.post_form(TOKEN, {"grant_type": "refresh_token", **form})
    assert (reply.status, reply.error) == (400, error)
    assert reply.headers["Cache-Control"] == "no-store"


def test_the_way_of_naming_the_card_carries_over(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    details = [{"type": "openid_credential", "credential_configuration_id": "student-id"}]
    got = wallet.token(read, offer.activation_code, authorization_details=json.dumps(details)).json()
    (identifier,) = got["authorization_details"][0]["credential_identifiers"]
    by_name = {"credential_configuration_id": None, "credential_identifier": identifier}

    def proof() -> str:
        return wallet.proof(read.issuer, wallet.nonce(read))

    assert wallet.credential(read, got["access_token"], proof(), **by_name).status == 200
    form = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    again = wallet.post_form(TOKEN, form).json()
    assert again["authorization_details"] == got["authorization_details"]
    assert wallet.credential(read, again["access_token"], proof()).error == "invalid_credential_request"
    assert wallet.credential(read, again["access_token"], proof(), **by_name).status == 200


def test_a_lost_token_answer_is_mended_by_asking_again(wallet: Wallet, card: HeldCard) -> None:
    lost = [wallet.refreshed(card).json() for _ in range(3)]
    new = wallet.refresh(card)
    assert wallet.status(new) == 0
    proof = wallet.proof(card.offer.issuer, wallet.nonce(card.offer))
    assert {wallet.credential(card.offer, one["access_token"], proof).status for one in lost} == {401}


def test_a_lost_token_answer_is_mended_days_later_too(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    wallet.refreshed(card)
    for _ in range(3):
        clock.move(days=20)
        desk.sweep()
    assert wallet.status(wallet.refresh(card)) == 0


def test_a_lost_credential_answer_is_mended_with_the_same_access_token(
    wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    lost = wallet.refresh(card)
    clock.move(minutes=4)
    again = wallet.fetch(lost.offer, lost.access_token, lost.refresh_token)
    assert (wallet.status(lost), wallet.status(again)) == (1, 0)
    assert wallet.status(wallet.refresh(again)) == 0


def test_a_lost_credential_answer_is_mended_with_the_successor(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    lost = wallet.refresh(card)
    clock.move(minutes=10)
    desk.sweep()
    assert wallet.status(wallet.refresh(lost)) == 0


def test_the_copy_before_stays_good_until_the_new_one_is_issued(wallet: Wallet, card: HeldCard) -> None:
    wallet.refreshed(card)
    assert wallet.status(card) == 0
    assert wallet.fetch(card.offer, card.access_token)


def test_a_refreshed_copy_can_be_reported_lost_or_deleted(
    wallet: Wallet, card: HeldCard, listener: Recorder
) -> None:
    new = wallet.refresh(card)
    assert wallet.notify(new, "credential_accepted").status == 204
    assert wallet.notify(new, "credential_failure").status == 204
    assert wallet.status(new) == 1
    assert listener.heard[-1] == ("died", "order-1", "not_stored")
    assert wallet.refreshed(new).error == "invalid_grant"


def test_the_orders_may_say_no(desk: Desk, wallet: Wallet, card: HeldCard, listener: Recorder) -> None:
    listener.collectable = False
    with pytest.raises(Refused) as refused:
        wallet.refresh(card)
    assert refused.value.reply.error == "credential_request_denied"
    assert desk.count(IssuedCopy) == 1
    assert wallet.status(card) == 0
    listener.collectable = True
    assert wallet.refresh(card), "what was given out has not been used"


def test_a_card_extended_while_it_is_signed_says_the_new_date(
    desk: Desk, wallet: Wallet, card: HeldCard, monkeypatch: pytest.MonkeyPatch, listener: Recorder
) -> None:
    honest = places.free_slot
    extensions: Iterator[date] = iter([LATER])

    def slow_slot() -> Slot:
        for day in extensions:
            desk.extend(valid_until=day)
        return honest()

    monkeypatch.setattr(places, "free_slot", slow_slot)
    assert wallet.refresh(card).claims["date_of_expiry"] == "2027-10-31"
    assert listener.heard == [("refreshed", "order-1", "2027-10-31")]


def test_a_wallet_from_before_there_were_refresh_tokens_still_gets_its_card(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    token = wallet.token(read, offer.activation_code).json()["access_token"]
    with desk.app.app_context(), write() as session:
        session.execute(update(AccessToken).values(refresh_token_id=None))
        session.query(RefreshToken).delete()
        session.query(TokenFamily).delete()
    assert wallet.status(wallet.fetch(read, token)) == 0
