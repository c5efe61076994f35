"""Cards that may say another last day at the issuer than their orders do: they are brought into line.

An issuer is asked outside any transaction, so what an order says may change before the question arrives; the
last word at the issuer is then not the last word here. Whoever has asked looks again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db, write
from portal.orders.extension_requests import say_what_orders_say
from portal.orders.extension_steps import lock, open_of, step
from portal.orders.issuance import Claimed, dispatch
from portal.orders.models import Extension, Order
from portal.orders.states import EXTENSIONS_OPEN, ExtensionEvent, ExtensionStatus, Status

ROUNDS = 5
"""So often a card may change while the issuer is asked for it, before somebody else has to see to it."""


def bring_into_line(order_ids: Collection[int]) -> None:
    """Have these prepared cards say at the issuer what their orders say by now. Ended ones are left alone."""
    left = list(order_ids)
    for _round in range(ROUNDS):
        if not left:
            return
        _outcomes, days = say_what_orders_say(left)
        left = _look_again(days)


def prepared(ready: Mapping[Claimed, date]) -> None:
    """Of cards just prepared, with their orders' last days: those that an import has shortened meanwhile, or
    that an earlier attempt may have had prepared for another day.
    """
    bring_into_line([one.id for one, day in ready.items() if one.attempts > 1 or day != one.valid_until])


def not_extending(order_ids: Collection[int]) -> list[int]:
    """Those without an open extension: whoever works on one has the last word at the issuer."""
    extending = open_of(db.session(), order_ids)
    db.session.rollback()
    return [order_id for order_id in order_ids if order_id not in extending]


def _look_again(days: Mapping[int, date]) -> list[int]:
    """Of the orders of which these days were told, those that say another one by now.

    An extension at work may have been done at the issuer before, and be written down after: its claim is
    taken away, so that the issuer is asked for it anew.
    """
    extending = open_of(db.session(), days)
    if ExtensionStatus.IN_PROGRESS in extending.values():
        with write() as session:
            extending = _ask_anew(session, days)
    found = db.session.execute(
        select(Order.id, Order.planned_valid_until).where(
            Order.id.in_(days), Order.status.in_([Status.READY, Status.COLLECTED])
        )
    ).all()
    db.session.rollback()
    return [row.id for row in found if row.planned_valid_until != days[row.id] and row.id not in extending]


def _ask_anew(session: Session, order_ids: Collection[int]) -> dict[int, str]:
    """Take the claims of these orders' extensions away; which extensions are open then, by order."""
    theirs = Extension.order_id.in_(order_ids)
    lock(session, theirs, Extension.status.in_(EXTENSIONS_OPEN))
    working = (theirs, Extension.status == ExtensionStatus.IN_PROGRESS)
    rows = session.execute(
        select(Extension.id, Extension.order_id).where(*working).order_by(Extension.order_id)
    )
    for id_, order_id in rows.all():
        if step(session, id_, ExtensionEvent.TRY_AGAIN, due_at=clock.now()):
            dispatch(session, order_id)
    return open_of(session, order_ids)
