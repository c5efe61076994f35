"""Extending: what a living card says from now on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text, update

from portal.database import db, write
from portal.encryption import keyring
from portal.issuer.interface import CardRequest, IssuerRefused, IssuerUnavailable
from portal.issuer.models import Card, CardStatus
from tests.conftest import MovingClock
from tests.issuer.conftest import DATA, Desk
from tests.support.wallet import HeldCard, Refused, Wallet, parts_of

LATER = date(2027, 10, 31)


def sealed(desk: Desk) -> bytes | None:
    with desk.app.app_context():
        return db.session.scalar(select(Card.data))


def test_the_next_copy_says_the_new_date_and_the_old_date_of_issue(
    desk: Desk, wallet: Wallet, card: HeldCard
) -> None:
    assert desk.extend(valid_until=LATER, issued_on=date(2027, 3, 1)) is None
    new = wallet.refresh(card)
    assert new.claims["date_of_expiry"] == "2027-10-31"
    assert new.claims["date_of_issue"] == card.claims["date_of_issue"] == "2026-11-20"
    assert datetime.fromtimestamp(new.claims["exp"], UTC) == datetime(2027, 10, 31, 23, tzinfo=UTC)


def test_extending_alone_changes_nothing_in_the_wallet(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    desk.extend(valid_until=LATER)
    assert wallet.status(card) == 0
    assert parts_of(card.credential)[1]["date_of_expiry"] == "2027-03-31"


def test_what_else_the_registry_says_comes_along(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    desk.extend(valid_until=LATER, faculty="Wydział Mechaniczny", photo=DATA.photo + b"new")
    new = wallet.refresh(card)
    assert new.claims["faculty"] == "Wydział Mechaniczny"
    assert new.claims["picture"] != card.claims["picture"]


def test_a_card_that_waits_for_its_wallet_is_extended_too(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    desk.extend(valid_until=LATER)
    assert desk.offer() == offer
    assert wallet.collect(offer.uri, offer.activation_code).claims["date_of_expiry"] == "2027-10-31"


def test_new_codes_after_an_extension_bring_the_new_date(desk: Desk, wallet: Wallet, card: HeldCard) -> None:
    desk.extend(valid_until=LATER)
    offer = desk.renew()
    new = wallet.collect(offer.uri, offer.activation_code)
    assert new.claims["date_of_expiry"] == "2027-10-31"
    assert (wallet.status(card), wallet.status(new)) == (1, 0)


def test_extending_again_writes_nothing(desk: Desk, card: HeldCard) -> None:
    desk.extend(valid_until=LATER)
    first = sealed(desk)
    assert desk.extend(valid_until=LATER, issued_on=date(2027, 1, 1)) is None
    assert sealed(desk) == first


def test_the_card_outlives_the_old_date(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    desk.extend(valid_until=LATER)
    clock.instant = datetime(2027, 4, 5, tzinfo=UTC)
    desk.sweep()
    assert wallet.refresh(card).claims["date_of_expiry"] == "2027-10-31"


def test_a_shortened_card_shortens_what_is_open(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, clock: MovingClock
) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    desk.extend(valid_until=date(2026, 11, 22))
    shortened = desk.offer()
    assert shortened is not None
    assert shortened.expires_at == datetime(2026, 11, 22, 23, tzinfo=UTC)
    clock.move(days=3)
    assert wallet.token(read, offer.activation_code).error == "invalid_grant"


@pytest.mark.parametrize("reference", ["order-1", "never prepared"])
def test_an_ended_or_unknown_card_is_refused(desk: Desk, card: HeldCard, reference: str) -> None:
    desk.revoke()
    answer = desk.extend(reference, valid_until=LATER)
    assert isinstance(answer, IssuerRefused)
    assert str(answer) == "ended"
    assert desk.count(Card, Card.status == CardStatus.LIVE) == 0


def test_a_card_past_its_last_day_is_refused_before_the_sweep_came(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    clock.instant = datetime(2027, 3, 31, 21, 59, tzinfo=UTC)  # 23:59 in Warsaw, summer time
    assert desk.extend(valid_until=date(2027, 4, 1)) is None
    clock.move(days=1, minutes=1)
    assert str(desk.extend(valid_until=LATER)) == "ended"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"valid_until": date(2026, 11, 19)}, "validity_over"),
        ({"photo": b"no picture"}, "photo_is_no_jpeg"),
        ({"surname": ""}, "data_missing"),
    ],
)
def test_data_that_no_card_can_say_is_refused(
    desk: Desk, card: HeldCard, changes: dict[str, object], word: str
) -> None:
    before = sealed(desk)
    answer = desk.extend(**{"valid_until": LATER, **changes})
    assert isinstance(answer, IssuerRefused)
    assert (str(answer), sealed(desk)) == (word, before)


def test_one_bad_request_holds_up_no_other(desk: Desk, wallet: Wallet) -> None:
    numbers = range(120)  # more than one batch
    good = [CardRequest(f"order-{number}", DATA) for number in numbers]
    bad = [CardRequest("never prepared", DATA), CardRequest("order-7", replace(DATA, surname=""))]
    with desk.app.app_context():
        desk.issuer.prepare(good)
        wanted = [replace(request, data=replace(DATA, valid_until=LATER)) for request in good]
        answers = desk.issuer.extend([*wanted[:7], *bad, *wanted[8:]])
    refused = {reference: str(answer) for reference, answer in answers.items() if answer is not None}
    assert refused == {"never prepared": "ended", "order-7": "data_missing"}
    assert desk.count(Card, Card.valid_until == LATER) == 119


def test_a_card_revoked_at_the_same_moment_stays_ended(
    desk: Desk, card: HeldCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypt = keyring_of(desk).encrypt

    def slow(plain: bytes) -> bytes:
        desk.revoke()
        return encrypt(plain)

    monkeypatch.setattr(keyring_of(desk), "encrypt", slow)
    assert str(desk.extend(valid_until=LATER)) == "ended"
    assert desk.count(Card, Card.status == CardStatus.ENDED, Card.data.is_(None)) == 1


def test_extending_refreshing_and_revoking_at_once_leaves_the_card_ended(
    desk: Desk, wallet: Wallet, card: HeldCard
) -> None:
    def extend(month: int) -> Exception | None:
        return desk.extend(valid_until=date(2027, month, 28))

    with ThreadPoolExecutor(6) as pool:
        extended = [pool.submit(extend, month) for month in range(4, 8)]
        revoked = pool.submit(desk.revoke)
        revoked.result()
        answers = [str(one.result() or "done") for one in extended]
    assert set(answers) <= {"done", "ended"}
    assert sealed(desk) is None
    with pytest.raises(Refused):
        wallet.refresh(card)


def test_a_database_that_does_not_answer_is_no_refusal(desk: Desk, card: HeldCard) -> None:
    with desk.app.app_context():
        with write() as session:
            session.execute(text("ALTER TABLE issuer_cards RENAME TO gone"))
        answers = desk.issuer.extend(
            [CardRequest("order-1", DATA), CardRequest("order-2", replace(DATA, surname=""))]
        )
        with pytest.raises(IssuerUnavailable):
            desk.issuer.forget(["order-1"])
    assert isinstance(answers["order-1"], IssuerUnavailable)
    assert isinstance(answers["order-2"], IssuerRefused), "known without asking the database"


def test_a_card_that_no_key_fits_is_asked_for_again(desk: Desk, card: HeldCard) -> None:
    with desk.app.app_context(), write() as session:
        session.execute(update(Card).values(data=b"\0"))
    assert isinstance(desk.extend(valid_until=LATER), IssuerUnavailable)


def keyring_of(desk: Desk) -> object:
    with desk.app.app_context():
        return keyring()
