"""How an extension moves: one conditional UPDATE in the caller's transaction, which pages that poll see."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.orders.models import Extension, Order
from portal.orders.states import (
    EXTENSION_TABLE,
    EXTENSIONS_OPEN,
    ExtensionEvent,
    ExtensionStatus,
    Reason,
)


def lock(session: Session, *which: ColumnElement[bool]) -> dict[int, str | None]:
    """Have others wait who would change these extensions; by id, whose claim each of them is.

    Before their orders are locked, and all at once in one order: any other way could be a deadlock.
    """
    rows = select(Extension.id, Extension.claimed_by).where(*which).order_by(Extension.id)
    return {row.id: row.claimed_by for row in session.execute(rows.with_for_update())}


def open_of(session: Session, order_ids: Collection[int]) -> dict[int, str]:
    """Where the extensions of these orders stand that wait or are being worked on, by order."""
    rows = select(Extension.order_id, Extension.status).where(
        Extension.order_id.in_(order_ids), Extension.status.in_(EXTENSIONS_OPEN)
    )
    return {row.order_id: row.status for row in session.execute(rows)}


def step(
    session: Session,
    extension_id: int,
    event: ExtensionEvent,
    *,
    reason: Reason | None = None,
    claimed_by: str | None = None,
    **columns: Any,
) -> bool:
    """Apply `event`; False where the table has no such step now, or another claim holds the extension."""
    row = session.execute(
        select(Extension.status, Extension.order_id).where(Extension.id == extension_id)
    ).one_or_none()
    before = None if row is None else ExtensionStatus(row.status)
    after = EXTENSION_TABLE.get((before, event))
    if row is None or before is None or after is None:
        return False
    conditions = [Extension.id == extension_id, Extension.status == before]
    if claimed_by is not None:
        conditions.append(Extension.claimed_by == claimed_by)
    values = {"status": after, "status_at": clock.now(), "reason": reason} | columns
    if after not in EXTENSIONS_OPEN:
        values["due_at"] = None
    changed = session.execute(
        update(Extension).where(*conditions).values(values).execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", changed).rowcount == 0:
        return False
    show_anew(session, [row.order_id])
    return True


def drop_open(session: Session, order_id: int) -> None:
    """The card has ended: its extension under way is dropped, whoever works on it.

    On PostgreSQL one that a worker holds at this very instant is left to that worker, who finds the end
    itself; waiting for it could be a deadlock.
    """
    extension_id = session.scalar(
        select(Extension.id)
        .where(Extension.order_id == order_id, Extension.status.in_(EXTENSIONS_OPEN))
        .with_for_update(skip_locked=True)
    )
    if extension_id is not None:
        step(session, extension_id, ExtensionEvent.DROP)


def show_anew(session: Session, order_ids: Collection[int]) -> None:
    """Raise the orders' versions, so that the pages that watch them fetch the news."""
    if len(order_ids) > 1:
        session.execute(select(Order.id).where(Order.id.in_(order_ids)).order_by(Order.id).with_for_update())
    session.execute(
        update(Order)
        .where(Order.id.in_(order_ids))
        .values(version=Order.version + 1)
        .execution_options(synchronize_session=False)
    )
