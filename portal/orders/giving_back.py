"""Claims that nobody will finish are put back where that is known before their lease ends."""

from __future__ import annotations

import logging

from sqlalchemy import ColumnElement, select
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

AT_ONCE = 2
"""After so many attempts an order may be what takes processes down."""

_log = logging.getLogger(__name__)


def give_back(heart: Pulse) -> None:
    """Put the claims of this process back into the queue: it has to end before the issuer has answered.

    The answer that is still to come counts no more, and the next one asks with the same reference.
    """
    _put_back(Order.claimed_by.in_(heart.claims), Extension.claimed_by.in_(heart.claims))


def take_over() -> None:
    """Put the claims of others back into the queue: for the thread that is the only one, before it begins.

    Whoever made them was killed, or lost the lock that made it the only one; or it is a command that extends
    for everybody, which then finds that it was overtaken. What may have taken processes down waits for its
    lease, and ever longer then.
    """
    _put_back(Order.attempts <= AT_ONCE, Extension.attempts <= AT_ONCE)


def _put_back(orders_of: ColumnElement[bool], extensions_of: ColumnElement[bool]) -> None:
    """Where that fails, their leases end by themselves."""
    now, lost = clock.now(), Cause(ENGINE, Reason.LEASE_LOST)
    working = (Extension.status == ExtensionStatus.IN_PROGRESS, extensions_of)
    extensions = select(Extension.id, Extension.order_id).join(Order, Order.id == Extension.order_id)
    orders = select(Order.id).where(Order.status == Status.IN_PROGRESS, orders_of)
    try:
        with write(BRIEFLY) as session:
            # Extensions before orders, like everybody; and nobody is waited for.
            rows = extensions.where(*working).order_by(Extension.id).with_for_update(skip_locked=True)
            for id_, order_id in session.execute(rows).all():
                if step(session, id_, ExtensionEvent.TRY_AGAIN, reason=lost.reason, due_at=now):
                    dispatch(session, order_id)
            ids = orders.order_by(Order.id).with_for_update(skip_locked=True)
            for order_id in session.scalars(ids).all():
                if move(session, order_id, Event.TRY_AGAIN, lost, only=(orders_of,), due_at=now):
                    dispatch(session, order_id)
    except SQLAlchemyError as error:
        _log.warning("what was being worked on waits for the end of its lease: %s", why(error))
