"""Telling the issuer that orders ended, until it has acknowledged it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import db, write
from portal.gate import Busy, Gate
from portal.issuer.interface import IssuerUnavailable
from portal.orders.issuance import issuer
from portal.orders.models import Order
from portal.orders.states import ENDED, Status
from portal.reasons import why
from portal.unavailable import is_unavailable

RETRY_AFTER = timedelta(seconds=30)
BATCH = 200
"""Orders told of in one call."""
_UNTOLD = (Order.status.in_(ENDED), Order.issuer_told_at.is_(None))

_AT_ONCE = Gate(slots=2, waiting=0, patience=0)
"""How many may wait for the issuer's answer, apart from the sweep."""

Untold = Row[int, str, str, datetime | None]
"""Key, public id, status of an ended order, and since when the issuer is to be told."""

_log = logging.getLogger(__name__)


def tell_issuer(order_id: int) -> None:
    """Revoke the ended order's card at the issuer, if that is due. May run twice.

    That it ended is written down already, so what keeps it from that fails nobody: the sweep tells it then.
    A slow issuer must not hold all of the server's threads either.
    """
    try:
        with _AT_ONCE.turn():
            _tell(_due(Order.id == order_id))
    except Busy:
        return
    except SQLAlchemyError as error:
        if not is_unavailable(error):
            raise
        _log.warning("the issuer hears later of an order that ended: %s", why(error))


def tell_due() -> int:
    """Tell the issuer of ended orders of which it must hear, up to a batch; how many it acknowledged."""
    return _tell(_due())


def _due(*which: ColumnElement[bool]) -> Sequence[Untold]:
    due = select(Order.id, Order.public_id, Order.status, Order.due_at)
    due = due.where(*_UNTOLD, Order.due_at <= clock.now(), *which)
    return db.session.execute(due.order_by(Order.due_at).limit(BATCH)).all()


def _tell(orders: Sequence[Untold]) -> int:
    if not orders:
        return 0
    db.session.rollback()  # no read transaction stays open while the issuer works
    ends = _revoke([order.public_id for order in orders])
    now = clock.now()
    with write() as session:
        # By their ids, since others who lock several orders do that too.
        for order in sorted(orders, key=lambda order: order.id):
            columns: dict[str, object] = {"due_at": now + RETRY_AFTER}
            if order.public_id in ends:
                shown = ends[order.public_id] if order.status == Status.REVOKED else None
                columns = {"due_at": None, "issuer_told_at": now, "looks_valid_until": shown}
                columns["version"] = Order.version + 1
            # One that is due anew was prepared meanwhile, maybe after the issuer was told.
            session.execute(
                update(Order)
                .where(Order.id == order.id, Order.due_at == order.due_at, *_UNTOLD)
                .values(**columns)
                .execution_options(synchronize_session=False)
            )
    return len(ends)


def _revoke(references: Sequence[str]) -> dict[str, datetime | None]:
    """For each that the issuer acknowledged: until when the card may look valid; None: never collected."""
    try:
        answers = issuer().revoke(references)
        revoked = [reference for reference, answer in answers.items() if answer is None]
        ends = issuer().looks_valid_until(revoked) if revoked else {}
    except IssuerUnavailable:
        revoked, ends = [], {}
    except Exception as error:
        if is_unavailable(error):
            raise
        _log.exception("the issuer failed for %d revocations", len(references))
        revoked, ends = [], {}
    for reference in set(references).difference(revoked):
        _log.warning("order %s: the issuer has not acknowledged the revocation yet", reference)
    return {reference: ends.get(reference) for reference in revoked}
