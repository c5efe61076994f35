"""What the issuer tells, told on to the orders in the issuer's own transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.orders import codes
from portal.orders.models import Order
from portal.orders.states import Event, Reason
from portal.orders.transitions import Cause, move
from portal.orders.validity import ends_at

WALLET = audit.Actor("wallet")


class CardEvents:
    """The `issuer.interface.IssuerListener` of the orders."""

    def card_collected(self, session: Session, reference: str) -> bool:
        """True if the order is collected now, or was before and a copy is fetched once more."""
        order = _order(session, reference)
        if order is None:
            return False
        lapses_at = ends_at(order.planned_valid_until)
        if not move(session, order.id, Event.COLLECT, Cause(WALLET), due_at=lapses_at):
            return False
        audit.record(session, audit.Event.CARD_COLLECTED, actor=WALLET, subject=reference)
        return True

    def offer_died(self, session: Session, reference: str, reason: str) -> None:
        """New codes at once: the old ones are good for nothing, and only their owner sees the new ones."""
        order = _order(session, reference)
        if order is not None:
            codes.renew(session, order, Cause(WALLET, Reason(reason)))

    def card_deleted(self, session: Session, reference: str) -> None:
        order = _order(session, reference)
        if order is not None and move(session, order.id, Event.DELETED_IN_WALLET, Cause(WALLET)):
            audit.record(session, audit.Event.CARD_DELETED, actor=WALLET, subject=reference)


def _order(session: Session, reference: str) -> Order | None:
    return session.scalar(select(Order).where(Order.public_id == reference))
