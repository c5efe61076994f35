"""Telling the issuer that an order ended, until it has acknowledged it."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select, update

from portal import clock
from portal.database import db, write
from portal.issuer.interface import IssuerUnavailable
from portal.orders.issuance import issuer
from portal.orders.models import Order
from portal.orders.states import ENDED, Status

RETRY_AFTER = timedelta(seconds=30)
BATCH = 50

_log = logging.getLogger(__name__)


def tell_issuer(order_id: int) -> None:
    """Revoke the ended order's card at the issuer, if that is due. May run twice."""
    order = _untold(order_id)
    if order is None:
        return
    try:
        issuer().revoke(order.public_id)
        looks_valid_until = issuer().looks_valid_until(order.public_id)
    except IssuerUnavailable:
        _log.warning("order %s: the issuer has not acknowledged the revocation yet", order.public_id)
        _set(order_id, due_at=clock.now() + RETRY_AFTER)
        return
    shown = looks_valid_until if order.status == Status.REVOKED else None
    _set(
        order_id, due_at=None, issuer_told_at=clock.now(), looks_valid_until=shown, version=Order.version + 1
    )


def tell_due() -> int:
    """Tell the issuer of every ended order that it hasn't acknowledged; how many were due."""
    due = db.session.scalars(
        select(Order.id)
        .where(Order.status.in_(ENDED), Order.due_at <= clock.now(), Order.issuer_told_at.is_(None))
        .order_by(Order.due_at)
        .limit(BATCH)
    ).all()
    for order_id in due:
        tell_issuer(order_id)
    return len(due)


def _untold(order_id: int) -> Order | None:
    return db.session.scalar(
        select(Order)
        .where(
            Order.id == order_id,
            Order.status.in_(ENDED),
            Order.issuer_told_at.is_(None),
            Order.due_at <= clock.now(),
        )
        .execution_options(populate_existing=True)
    )


def _set(order_id: int, **values: object) -> None:
    with write() as session:
        session.execute(
            update(Order)
            .where(Order.id == order_id, Order.status.in_(ENDED), Order.issuer_told_at.is_(None))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
