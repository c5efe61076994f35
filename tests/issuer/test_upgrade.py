"""What was revoked before lists noted in which version stays revoked after the upgrade."""

from __future__ import annotations

from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from portal.database import db
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
