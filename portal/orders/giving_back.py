"""Claims that nobody will finish are put back where that is known before their lease ends."""

from __future__ import annotations

import logging

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import BRIEFLY, write
from portal.orders.extension_steps import step
from portal.orders.issuance import ENGINE, dispatch
from portal.orders.models import Extension, Order
from portal.orders.pulse import Pulse
from portal.orders.states import Event, ExtensionEvent, ExtensionStatus, Reason, Status
from portal.orders.transitions import Cause, move
from portal.reasons import why

_log = logging.getLogger(__name__)


def give_back(heart: Pulse) -> None:
    """Put the claims of this process back into the queue: it has to end before the issuer has answered.

    The answer that is still to come counts no more, and the next one asks with the same reference.
    """
    _put_back(Order.claimed_by.in_(heart.claims), Extension.claimed_by.in_(heart.claims))


def take_over() -> None:
    """Put all claims back into the queue: for the only engine there is, before its first claim.

    Whoever made them was killed, or no longer has the lock that made it the only one.
    """
    _put_back(true(), true())


def _put_back(orders_of: ColumnElement[bool], extensions_of: ColumnElement[bool]) -> None:
    """Where that fails, their leases end by themselves."""
    now, lost = clock.now(), Cause(ENGINE, Reason.LEASE_LOST)
    orders = select(Order.id).where(Order.status == Status.IN_PROGRESS, orders_of)
    extensions = select(Extension.id, Extension.order_id, Extension.claimed_by).where(
        Extension.status == ExtensionStatus.IN_PROGRESS, extensions_of
    )
    try:
        with write(BRIEFLY) as session:
            for order_id in session.scalars(orders.order_by(Order.id)).all():
                if move(session, order_id, Event.TRY_AGAIN, lost, only=(orders_of,), due_at=now):
                    dispatch(session, order_id)
            for id_, order_id, owner in session.execute(extensions.order_by(Extension.id)).all():
                again = ExtensionEvent.TRY_AGAIN
                if step(session, id_, again, reason=lost.reason, claimed_by=owner, due_at=now):
                    dispatch(session, order_id)
    except SQLAlchemyError as error:
        _log.warning("what was being worked on waits for the end of its lease: %s", why(error))
