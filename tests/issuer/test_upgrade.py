"""What was revoked before lists noted in which version, or by who doesn't note it, is shown as revoked."""

from __future__ import annotations

from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, update

from portal import clock as time
from portal.database import db, write
from portal.issuer.models import IssuedCopy, StatusList
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.wallet import HeldCard, Wallet


def test_revoked_cards_stay_revoked_and_others_valid_through_the_upgrade(
    desk: Desk, wallet: Wallet, second_wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    offer = desk.prepare("order-2")
    other = second_wallet.collect(offer.uri, offer.activation_code)
    new = wallet.refresh(card)
    with desk.app.app_context():
        downgrade(revision="0006")
        assert "revoked_in" not in {
            column["name"] for column in inspect(db.engine).get_columns("issued_copies")
        }
        upgrade()
    assert [wallet.status(one) for one in (card, new, other)] == [1, 0, 0]
    desk.revoke()
    assert [wallet.status(one) for one in (card, new, other)] == [1, 1, 0]


def test_a_revocation_by_a_process_of_the_release_before_is_shown(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    assert wallet.status(card) == 0
    with desk.app.app_context(), write() as session:
        session.execute(update(StatusList).values(version=StatusList.version + 1))
        session.execute(update(IssuedCopy).values(revoked_at=time.now(), looks_valid_until=time.now()))
    assert wallet.status(card) == 1
    clock.move(minutes=10)
    assert wallet.status(card) == 1
    with desk.app.app_context():
        assert db.session.scalar(select(IssuedCopy.revoked_in)) == 2
