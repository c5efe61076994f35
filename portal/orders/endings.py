"""How a live order ends by somebody's will: the step, the audit, the mail, in the caller's transaction."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import audit
from portal.orders import mails
from portal.orders.models import Order
from portal.orders.states import Event
from portal.orders.transitions import Cause, move

RECORDED = {
    Event.CANCEL: audit.Event.ORDER_CANCELLED,
    Event.REVOKE: audit.Event.CARD_REVOKED,
    Event.REVOKE_BY_UNIVERSITY: audit.Event.CARD_REVOKED,
}


def end(session: Session, order_id: int, event: Event, cause: Cause) -> bool:
    """Cancel or revoke the order; False where it has no such step (any more), and nothing was written then.

    The issuer is told afterwards (`orders.telling`): at once by whoever ended it, else by the sweep.
    """
    if not move(session, order_id, event, cause):
        return False
    order = session.get_one(Order, order_id, populate_existing=True)
    audit.record(session, RECORDED[event], actor=cause.actor, subject=order.public_id, detail=cause.reason)
    if event != Event.CANCEL:
        mails.put(session, order.student_id, mails.Kind.CARD_REVOKED, order.public_id)
    return True
