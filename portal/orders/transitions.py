"""How an order moves: one conditional UPDATE and one history row, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.audit import Actor
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
    claimed_by: str | None = None,
    **columns: Any,
) -> bool:
    """Apply `event`; False where the table has no such step now, or another claim holds the order.

    `claimed_by` fences a worker's finish: it only counts while the claim is still its own. `columns` are set
    in the same UPDATE.
    """
    row = session.execute(
        select(Order.status, Order.attempts, Order.due_at).where(Order.id == order_id)
    ).one_or_none()
    before = None if row is None else Status(row.status)
    after = TABLE.get((before, event))
    if row is None or before is None or after is None:
        return False
    values = _changes(before, after, cause) | columns
    if after in ENDED:
        values = _ending(before, row.attempts, row.due_at) | values
    if not _update(session, order_id, before, claimed_by, values):
        return False
    write_history(session, order_id, event, (before, after), cause)
    return True


def _changes(before: Status, after: Status, cause: Cause) -> dict[str, Any]:
    return {
        "status": after,
        "version": Order.version + 1,
        "status_at": clock.now() if after != before else Order.status_at,
        "reason": cause.reason,
    }


def _update(
    session: Session, order_id: int, before: Status, claimed_by: str | None, values: dict[str, Any]
) -> bool:
    conditions = [Order.id == order_id, Order.status == before]
    if claimed_by is not None:
        conditions.append(Order.claimed_by == claimed_by)
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


def write_history(
    session: Session,
    order_id: int,
    event: Event,
    step: tuple[Status | None, Status],
    cause: Cause,
) -> None:
    """The history row of a change, in its transaction."""
    session.execute(
        insert(OrderEvent).values(
            order_id=order_id,
            at=clock.now(),
            actor=cause.actor.name,
            event=event,
            from_status=step[0],
            to_status=step[1],
            reason=cause.reason,
        )
    )
