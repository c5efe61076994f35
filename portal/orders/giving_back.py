"""What a process works on when it has to end before the issuer has answered: it is anybody's at once."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import BRIEFLY, write
from portal.orders.extension_steps import step
from portal.orders.issuance import ENGINE, dispatch
from portal.orders.models import Extension, Order
from portal.orders.pulse import Pulse
from portal.orders.states import Event, ExtensionEvent, ExtensionStatus, Reason, Status
from portal.orders.transitions import Cause, move
from portal.unavailable import why

_log = logging.getLogger(__name__)


def give_back(heart: Pulse) -> None:
    """Put the claims of this process back into the queue; where that fails, their leases end by themselves.

    The answer that is still to come counts no more, and the next one asks with the same reference.
    """
    claims, now, lost = heart.claims, clock.now(), Cause(ENGINE, Reason.LEASE_LOST)
    mine = (Order.claimed_by.in_(claims),)
    orders = select(Order.id).where(Order.status == Status.IN_PROGRESS, *mine)
    extensions = select(Extension.id, Extension.order_id, Extension.claimed_by).where(
        Extension.status == ExtensionStatus.IN_PROGRESS, Extension.claimed_by.in_(claims)
    )
    try:
        with write(BRIEFLY) as session:
            for order_id in session.scalars(orders.order_by(Order.id)).all():
                if move(session, order_id, Event.TRY_AGAIN, lost, only=mine, due_at=now):
                    dispatch(session, order_id)
            for id_, order_id, owner in session.execute(extensions.order_by(Extension.id)).tuples().all():
                again = ExtensionEvent.TRY_AGAIN
                if step(session, id_, again, reason=lost.reason, claimed_by=owner, due_at=now):
                    dispatch(session, order_id)
    except SQLAlchemyError as error:
        _log.warning("what was being worked on waits for the end of its lease: %s", why(error))
