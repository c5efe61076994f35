"""How an order moves: one conditional UPDATE and one history row, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, insert, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import Actor
from portal.orders.extension_steps import drop_open
from portal.orders.models import Order, OrderEvent
from portal.orders.states import ENDED, TABLE, Event, Reason, Status


@dataclass(frozen=True)
class Cause:
    """Who made an order move, and why, where that is worth telling."""

    actor: Actor
    reason: Reason | None = None


def move(
    session: Session,
    order_id: int,
    event: Event,
    cause: Cause,
    *,
    only: Sequence[ColumnElement[bool]] = (),
    **columns: Any,
) -> bool:
    """Apply `event`; False where the table has no such step now, or a condition of `only` does not hold.

    `columns` are set in the same UPDATE. Whatever ends an order drops its extension under way.
    """
    now = select(Order.status, Order.attempts, Order.due_at).where(Order.id == order_id)
    row = session.execute(now.with_for_update()).one_or_none()
    before = None if row is None else Status(row.status)
    after = TABLE.get((before, event))
    if row is None or before is None or after is None:
        return False
    values = _changes(before, after, cause) | columns
    if after in ENDED:
        values = _ending(before, row.attempts, row.due_at) | values
    if not _update(session, [Order.id == order_id, Order.status == before, *only], values):
        return False
    write_history(session, order_id, event, (before, after), cause)
    if before == Status.COLLECTED and after in ENDED:
        drop_open(session, order_id)
    return True


def _changes(before: Status, after: Status, cause: Cause) -> dict[str, Any]:
    return {
        "status": after,
        "version": Order.version + 1,
        "status_at": clock.now() if after != before else Order.status_at,
        "reason": cause.reason,
    }


def _update(session: Session, conditions: Sequence[ColumnElement[bool]], values: dict[str, Any]) -> bool:
    changed = session.execute(
        update(Order).where(*conditions).values(values).execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", changed).rowcount == 1


def _ending(before: Status, attempts: int, due_at: Any) -> dict[str, Any]:
    """What an ending owes the issuer: nothing if it never heard of the order, else word at once.

    While a worker may still be preparing the card, word waits for the end of its lease: sent earlier it could
    overtake the preparation and leave a card that nobody revokes.
    """
    if attempts == 0:
        return {"due_at": None, "issuer_told_at": clock.now()}
    return {"due_at": due_at if before == Status.IN_PROGRESS else clock.now(), "issuer_told_at": None}


def held_by(claimed_by: str | None) -> tuple[ColumnElement[bool]]:
    """Fences a worker's finish, as `only` of `move`: it counts while the claim is still its own."""
    return (Order.claimed_by == claimed_by,)


def tell_again(session: Session, order_id: int) -> None:
    """The order ended while somebody worked on its card: the issuer must hear of the end (again), now."""
    session.execute(
        update(Order)
        .where(Order.id == order_id, Order.status.in_(ENDED))
        .values(issuer_told_at=None, due_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def write_history(
    session: Session,
    order_id: int,
    event: Event,
    step: tuple[Status | None, Status],
    cause: Cause,
) -> None:
    """The history row of a change, in its transaction."""
    write_histories(session, [order_id], event, step, cause)


def write_histories(
    session: Session,
    order_ids: Sequence[int],
    event: Event,
    step: tuple[Status | None, Status],
    cause: Cause,
) -> None:
    """The history rows of a change of several orders, at least one."""
    told = {
        "at": clock.now(),
        "actor": cause.actor.name,
        "event": event,
        "from_status": step[0],
        "to_status": step[1],
        "reason": cause.reason,
    }
    session.execute(insert(OrderEvent), [told | {"order_id": order_id} for order_id in order_ids])
