"""New codes for a card: the old offer is void, a new one is open, in one transaction with the history."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import audit, clock
from portal.orders import issuance
from portal.orders.models import Order
from portal.orders.states import Event, Status
from portal.orders.transitions import Cause, move
from portal.orders.validity import codes_end
from portal.settings import settings


def renew(session: Session, order: Order, cause: Cause) -> bool:
    """Open a new offer for the order's card. False where the order's state has no such step."""
    runs_out_at = codes_end(clock.now(), settings().offer_lifetime, order.planned_valid_until)
    due_at = runs_out_at if order.status == Status.READY else order.due_at
    if not move(session, order.id, Event.REOFFER, cause, due_at=due_at):
        return False
    issuance.issuer().renew_offer(session, order.public_id)
    audit.record(
        session, audit.Event.CODES_RENEWED, actor=cause.actor, subject=order.public_id, detail=cause.reason
    )
    return True
