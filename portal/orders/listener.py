"""What the issuer tells, told on to the orders in the issuer's own transaction."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.orders import codes, extensions
from portal.orders.extension_steps import lock
from portal.orders.models import Extension, Order
from portal.orders.standing import overdue
from portal.orders.states import EXTENSIONS_OPEN, Event, Reason, Status
from portal.orders.transitions import Cause, move
from portal.orders.validity import ends_at, reminder_at

WALLET = audit.Actor("wallet")


class CardEvents:
    """The `issuer.interface.IssuerListener` of the orders."""

    def card_collected(self, session: Session, reference: str, valid_until: date) -> bool:
        """True if the order is collected now, or was before and a copy is fetched once more."""
        order = _order(session, reference)
        if order is None or overdue(order):
            return False
        columns: dict[str, Any] = {"copy_valid_until": valid_until}
        if order.status == Status.READY:
            last_day = order.planned_valid_until
            columns |= {"due_at": ends_at(last_day), "remind_at": reminder_at(last_day)}
        else:
            extensions.seen_done(session, order, valid_until)
        if not move(session, order.id, Event.COLLECT, Cause(WALLET), **columns):
            return False
        audit.record(session, audit.Event.CARD_COLLECTED, actor=WALLET, subject=reference)
        return True

    def card_refreshed(self, session: Session, reference: str, valid_until: date) -> bool:
        """The history tells of it only where the app has a new last day now."""
        order = _order(session, reference)
        if order is None or order.status != Status.COLLECTED or overdue(order):
            return False
        extensions.seen_done(session, order, valid_until)
        if order.copy_valid_until == valid_until:
            return True
        return move(session, order.id, Event.REFRESH, Cause(WALLET), copy_valid_until=valid_until)

    def offer_died(self, session: Session, reference: str, reason: str) -> None:
        """New codes at once: the old ones are good for nothing, and only their owner sees the new ones."""
        order = _order(session, reference)
        if order is not None and not overdue(order):
            codes.renew(session, order, Cause(WALLET, Reason(reason)))

    def card_deleted(self, session: Session, reference: str) -> None:
        order = _order(session, reference)
        if order is not None and move(session, order.id, Event.DELETED_IN_WALLET, Cause(WALLET)):
            audit.record(session, audit.Event.CARD_DELETED, actor=WALLET, subject=reference)


def _order(session: Session, reference: str) -> Order | None:
    """Locked, so that what is decided by it is true when it is written; after its extension under way."""
    order_id = session.scalar(select(Order.id).where(Order.public_id == reference))
    if order_id is None:
        return None
    lock(session, Extension.order_id == order_id, Extension.status.in_(EXTENSIONS_OPEN))
    return session.get(Order, order_id, with_for_update=True)
