"""Preparing cards and opening offers, as the orders ask for it; what time does to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from portal import issuer as issuer_package
from portal.audit import Event
from portal.database import db, write
from portal.issuer.interface import CardRequest, IssuerRefused, IssuerUnavailable
from portal.issuer.models import AccessToken, Card, CardOffer, CardStatus, OfferStatus, SpentNonce
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import DATA, Desk, Recorder, running
from tests.support.wallet import FlaskHttp, Refused, Wallet


def prepare(desk: Desk, *requests: CardRequest) -> dict[str, Exception | None]:
    with desk.app.app_context():
        return desk.issuer.prepare(requests)


def statuses(desk: Desk) -> list[str]:
    with desk.app.app_context():
        return list(db.session.scalars(select(CardOffer.status).order_by(CardOffer.id)))


def everything_kept(desk: Desk) -> str:
    """The issuer's offers as they stand in the database, byte for byte."""
    with desk.app.app_context():
        return repr(db.session.execute(text("SELECT * FROM issuer_offers")).all())


def test_fifty_cards_are_prepared_at_once(desk: Desk) -> None:
    requests = [CardRequest(f"order-{number}", DATA) for number in range(50)]
    assert prepare(desk, *requests) == {request.reference: None for request in requests}
    assert desk.count(Card) == desk.count(CardOffer) == 50


def test_more_than_fifty_go_in_batches(desk: Desk) -> None:
    assert set(prepare(desk, *(CardRequest(str(n), DATA) for n in range(60))).values()) == {None}
    assert desk.count(Card) == 60


def test_nothing_to_prepare_is_fine(desk: Desk) -> None:
    assert prepare(desk) == {}


def test_preparing_again_changes_nothing(desk: Desk) -> None:
    first = desk.prepare()
    again = desk.prepare(surname="Inna")
    assert again == first
    assert desk.count(Card) == 1


def test_preparing_one_card_twice_at_the_same_time_makes_one(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: prepare(desk, CardRequest("order-1", DATA)), range(8)))
    assert answers == [{"order-1": None}] * 8
    assert desk.count(CardOffer) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"valid_until": date(2026, 11, 19)}, "validity_over"),
        ({"photo": b"GIF89a"}, "photo_is_no_jpeg"),
        ({"album_number": ""}, "data_missing"),
    ],
)
def test_a_card_that_cannot_be_made_is_refused_and_the_others_are_prepared(
    desk: Desk, changes: dict[str, object], why: str
) -> None:
    answers = prepare(
        desk,
        CardRequest("bad", replace(DATA, **changes)),
        CardRequest("good", DATA),  # type: ignore[arg-type]
    )
    assert isinstance(answers["bad"], IssuerRefused)
    assert str(answers["bad"]) == why
    assert answers["good"] is None
    assert desk.offer("good")


def test_a_card_revoked_before_it_was_prepared_is_refused(desk: Desk) -> None:
    desk.revoke()
    assert isinstance(prepare(desk, CardRequest("order-1", DATA))["order-1"], IssuerRefused)
    assert desk.offer() is None


def test_where_the_database_fails_the_issuer_is_unavailable_and_nothing_is_half_done(desk: Desk) -> None:
    desk.prepare("order-1")
    with desk.app.app_context(), write() as session:
        session.execute(text("ALTER TABLE issuer_offers RENAME TO gone"))
    answers = prepare(desk, CardRequest("order-2", DATA), CardRequest("order-3", replace(DATA, photo=b"")))
    assert isinstance(answers["order-2"], IssuerUnavailable)
    assert isinstance(answers["order-3"], IssuerRefused)
    with desk.app.app_context():
        revoked = desk.issuer.revoke(["order-1"])
    assert isinstance(revoked["order-1"], IssuerUnavailable)
    assert desk.count(Card) == desk.count(Card, Card.status == CardStatus.LIVE) == 1


def test_an_offer_lives_as_long_as_the_setting_says(desk: Desk, clock: MovingClock) -> None:
    offer = desk.prepare()
    assert offer.expires_at == clock.now() + timedelta(days=30)
    assert (offer.number, offer.tries_left) == (1, 5)


def test_an_offer_never_outlives_its_card(desk: Desk) -> None:
    offer = desk.prepare(valid_until=date(2026, 11, 25))
    assert offer.expires_at == datetime(2026, 11, 25, 23, tzinfo=UTC)


def test_new_codes_replace_the_old_ones(desk: Desk, wallet: Wallet) -> None:
    first = desk.prepare()
    second = desk.renew()
    assert second.number == 2
    assert second.uri != first.uri
    assert desk.offer() == second
    with pytest.raises(Refused):
        wallet.read_offer(first.uri)
    assert wallet.collect(second.uri, second.activation_code)


@pytest.mark.parametrize("reference", ["never prepared", "ended"])
def test_there_are_no_new_codes_without_a_live_card(desk: Desk, reference: str) -> None:
    desk.prepare("ended")
    desk.revoke("ended")
    with pytest.raises(IssuerRefused):
        desk.renew(reference)


def test_no_secret_stands_readable_in_the_database(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    code = wallet.read_offer(offer.uri).code
    kept = everything_kept(desk)
    assert not [secret for secret in (code, offer.activation_code, offer.uri[-22:]) if secret in kept]
    with desk.app.app_context():
        assert b"Zofia" not in (db.session.scalar(select(Card.data)) or b"")


def erased(desk: Desk) -> bool:
    with desk.app.app_context():
        columns = (CardOffer.address, CardOffer.code, CardOffer.activation_code, CardOffer.activation_hash)
        return set(db.session.execute(select(*columns)).one()) == {None}


@pytest.mark.parametrize("end", ["spend", "collect", "withdraw", "expire", "void"])
def test_the_secrets_of_a_closed_offer_are_erased(
    desk: Desk, wallet: Wallet, clock: MovingClock, end: str
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    assert not erased(desk)
    if end == "withdraw":
        desk.revoke()
    elif end == "expire":
        clock.instant = offer.expires_at
        desk.sweep()
    elif end == "void":
        for _ in range(5):
            wallet.token(read, "nonsense")
    else:
        token = wallet.token(read, offer.activation_code).json()["access_token"]
        if end == "collect":
            wallet.fetch(read, token)
    assert erased(desk)


def test_a_code_spent_without_a_card_is_offered_anew(
    desk: Desk, wallet: Wallet, listener: Recorder, clock: MovingClock
) -> None:
    offer = desk.prepare()
    wallet.token(wallet.read_offer(offer.uri), offer.activation_code)
    clock.move(seconds=299)
    desk.sweep()
    assert listener.heard == []
    clock.move(seconds=1)
    desk.sweep()
    desk.sweep()
    assert listener.heard == [("died", "order-1", "spent")]
    assert statuses(desk) == [OfferStatus.VOID]
    assert [record.detail for record in desk.audited(Event.OFFER_VOIDED)] == ["spent"]


def test_one_listener_that_fails_keeps_no_other_card_from_its_codes(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    class Stumbling(Recorder):
        def offer_died(self, session: object, reference: str, reason: str) -> None:
            if reference == "order-1":
                raise RuntimeError
            super().offer_died(session, reference, reason)  # type: ignore[arg-type]

    desk.app.extensions["portal.issuer.listener"] = stumbling = Stumbling()
    for reference in ("order-1", "order-2"):
        offer = desk.prepare(reference)
        wallet.token(wallet.read_offer(offer.uri), offer.activation_code)
    clock.move(minutes=6)
    desk.sweep()
    assert stumbling.heard == [("died", "order-2", "spent")]
    assert statuses(desk) == [OfferStatus.SPENT, OfferStatus.VOID]


def test_offers_that_ran_out_are_closed(desk: Desk, clock: MovingClock, listener: Recorder) -> None:
    offer = desk.prepare()
    clock.instant = offer.expires_at
    assert desk.offer() is None
    desk.sweep()
    assert statuses(desk) == [OfferStatus.EXPIRED]
    assert listener.heard == []


def test_an_expired_card_can_be_offered_again(desk: Desk, clock: MovingClock) -> None:
    clock.instant = desk.prepare().expires_at
    desk.sweep()
    assert desk.renew().number == 2


def test_old_tokens_and_nonces_are_forgotten(desk: Desk, wallet: Wallet, clock: MovingClock) -> None:
    offer = desk.prepare()
    wallet.collect(offer.uri, offer.activation_code)
    assert desk.count(AccessToken) == desk.count(SpentNonce) == 1
    clock.move(minutes=5)
    desk.sweep()
    assert desk.count(AccessToken) == desk.count(SpentNonce) == 0


def test_a_card_whose_last_day_has_passed_is_erased(desk: Desk, clock: MovingClock) -> None:
    desk.prepare(valid_until=date(2026, 11, 25))
    clock.instant = datetime(2026, 11, 25, 22, 59, tzinfo=UTC)
    desk.sweep()
    assert desk.count(Card, Card.status == CardStatus.LIVE) == 1
    clock.move(minutes=1)
    desk.sweep()
    assert desk.count(Card, Card.status == CardStatus.LIVE) == 0
    assert desk.count(Card, Card.data.is_not(None)) == 0


def test_a_sweep_with_nothing_to_do_waits_for_no_writer(desk: Desk) -> None:
    desk.prepare()
    with desk.app.app_context(), write(), ThreadPoolExecutor(1) as pool:
        pool.submit(desk.sweep).result(timeout=5)


def test_an_offer_survives_a_restart(
    desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock
) -> None:
    offer = desk.prepare()
    with running(settings, clock) as again:
        assert Desk(again).offer() == offer
        phone = Wallet(FlaskHttp(again), clock=wallet.clock)
        card = phone.collect(offer.uri, offer.activation_code)
    assert wallet.status(card) == 0


def test_without_a_listener_the_start_fails(desk: Desk, settings: Settings) -> None:
    with pytest.raises(TypeError):
        issuer_package.init_app(desk.app, settings, listener=None)  # type: ignore[arg-type]
