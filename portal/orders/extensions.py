"""The extension engine: a collected card on its way to a later last day, by the same rules as `issuance`.

The table of extensions is the queue. A claim is one UPDATE with a lease and a random owner; the issuer is
asked outside any transaction; whoever finishes must still hold the claim. Killed anywhere, an extension is
taken back when its lease ends, and the issuer is asked again for the same.

The issuer may be ahead of the order only while an extension is open. One that fails after the issuer may have
done it is set back first; one that nobody could finish before the card ended ends with the card, since an
issuer revokes what has ended. So an extension is never given up for want of an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.orders import extension_requests
from portal.orders.extension_claims import BATCH, Claimed, claim, due_now, still_good
from portal.orders.extension_requests import DONE, ENDED, Outcome
from portal.orders.extension_steps import lock, open_of, step
from portal.orders.issuance import dispatch, heart, retry_after
from portal.orders.lining_up import bring_into_line, not_extending
from portal.orders.models import Extension, Order
from portal.orders.states import EXTENSIONS_OPEN, Event, ExtensionEvent, ExtensionStatus, Reason, Status
from portal.orders.transitions import Cause, move, tell_again
from portal.orders.validity import ends_at, reminder_at

ENGINE = Actor("extension")
ASK_ANEW = Outcome(ExtensionEvent.TRY_AGAIN)


def ask(session: Session, order: Order, planned: date, actor: Actor) -> bool:
    """Put the order's extension to `planned` into the queue, in the caller's transaction.

    True also where one is under way already. False where the card has ended or `planned` is no later day.
    """
    if under_way(session, order.id):
        return True
    held = session.execute(
        update(Order)
        .where(
            Order.id == order.id,
            Order.status == Status.COLLECTED,
            Order.planned_valid_until >= clock.today(),
            Order.planned_valid_until < planned,
        )
        .values(version=Order.version + 1)
        .returning(Order.planned_valid_until, Order.public_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if held is None:
        return False
    extension = _waiting(order.id, held.planned_valid_until, planned, actor)
    try:
        with session.begin_nested():
            session.add(extension)
    except IntegrityError:  # another process was first, which its own lock can't tell us
        return True
    audit.record(session, audit.Event.EXTENSION_ASKED, actor=actor, subject=held.public_id)
    return True


def under_way(session: Session, order_id: int) -> bool:
    """Whether the order has an extension that waits or is being worked on."""
    return bool(open_of(session, [order_id]))


def work_due(order_id: int | None = None) -> int:
    """Claim and work on the extensions that are due, up to a batch; how many were claimed.

    With an order: on its extension and others, or on none where its own is not due.
    """
    this = None if order_id is None else [order_id]
    if db.session.scalar(due_now(this).limit(1)) is None:
        return 0  # nothing to do needs no write
    with write() as session:
        claimed = claim(session, this, along=0 if this is None else BATCH - 1)
    work(claimed)
    return len(claimed)


def work(claimed: Sequence[Claimed]) -> Counter[Outcome]:
    """Have the issuer extend what was claimed, and write down what became of it; how many of each."""
    if not claimed:
        return Counter()
    with heart().working_on({one.claimed_by for one in claimed}):
        return _carry_out(claimed)


def _carry_out(claimed: Sequence[Claimed]) -> Counter[Outcome]:
    outcomes = extension_requests.carry_out(claimed)
    done: Counter[Outcome] = Counter()
    late = []
    with write() as session:
        claims = Extension.id.in_([one.id for one in claimed])
        held = lock(session, claims, Extension.status == ExtensionStatus.IN_PROGRESS)
        for one in sorted(claimed, key=lambda one: one.order_id):
            if held.get(one.id) == one.claimed_by:
                done[_finish(session, one, outcomes[one.id])] += 1
            else:
                done[_lost(session, one)] += 1
                late.append(one)
    if late:
        bring_into_line(not_extending([one.order_id for one in late]))
    return done


def take_back_lost_leases() -> int:
    """Extensions whose worker died or hangs go back to the queue; how many."""
    due = db.session.execute(
        select(Extension.id, Extension.order_id, Extension.attempts, Extension.claimed_by)
        .where(Extension.status == ExtensionStatus.IN_PROGRESS, Extension.due_at <= clock.now())
        .order_by(Extension.due_at)
        .limit(BATCH)
    ).all()
    if due:
        with write() as session:
            lock(session, Extension.id.in_([extension.id for extension in due]))
            for id_, order_id, attempts, owner in sorted(due, key=lambda extension: extension.order_id):
                due_at = clock.now() + retry_after(attempts)
                again, why = ExtensionEvent.TRY_AGAIN, Reason.LEASE_LOST
                if step(session, id_, again, reason=why, claimed_by=owner, due_at=due_at):
                    dispatch(session, order_id, due_at)
    return len(due)


def seen_done(session: Session, order: Order, valid_until: date) -> None:
    """A wallet takes a copy with this last day: where an open extension leads there, the issuer has done it.

    So the order says it from this very transaction on, whether or not the extension's worker still lives.
    """
    extension_id = session.scalar(
        select(Extension.id).where(
            Extension.order_id == order.id,
            Extension.status.in_(EXTENSIONS_OPEN),
            Extension.old_valid_until == order.planned_valid_until,
            Extension.new_valid_until == valid_until,
        )
    )
    if extension_id is None or not _extend(session, order.id, order.planned_valid_until, valid_until):
        return
    step(session, extension_id, ExtensionEvent.CLAIM)
    step(session, extension_id, ExtensionEvent.FINISH)
    audit.record(session, audit.Event.CARD_EXTENDED, actor=ENGINE, subject=order.public_id)


def _waiting(order_id: int, old: date, new: date, actor: Actor) -> Extension:
    now = clock.now()
    return Extension(
        order_id=order_id,
        status=ExtensionStatus.WAITING,
        old_valid_until=old,
        new_valid_until=new,
        asked_at=now,
        asked_by=actor.name,
        status_at=now,
        due_at=now,
    )


def _finish(session: Session, one: Claimed, outcome: Outcome) -> Outcome:
    """Write down what became of an extension that this run holds."""
    if outcome == DONE:
        if _extend(session, one.order_id, one.valid_until, one.new_valid_until):
            audit.record(session, audit.Event.CARD_EXTENDED, actor=ENGINE, subject=one.public_id)
        else:
            outcome = _why_not(session, one)
    event, reason = outcome
    due_at = clock.now() + retry_after(one.attempts) if event == ExtensionEvent.TRY_AGAIN else None
    step(session, one.id, event, reason=reason, due_at=due_at)
    if due_at is not None:
        dispatch(session, one.order_id, due_at)
    if event == ExtensionEvent.DROP:
        tell_again(session, one.order_id)
    return outcome


def _extend(session: Session, order_id: int, old: date, new: date) -> bool:
    """The order says the new last day; False where it ended, or says another one than `old` meanwhile."""
    unchanged = (Order.planned_valid_until == old, Order.planned_valid_until >= clock.today())
    return move(
        session,
        order_id,
        Event.EXTEND,
        Cause(ENGINE),
        only=unchanged,
        planned_valid_until=new,
        due_at=ends_at(new),
        remind_at=reminder_at(new),
    )


def _why_not(session: Session, one: Claimed) -> Outcome:
    """The card ended; or its last day was changed while the issuer worked, and all must be asked anew."""
    found = session.execute(
        select(Order.status, Order.planned_valid_until).where(Order.id == one.order_id)
    ).one()
    return ASK_ANEW if still_good(*found) else ENDED


def _lost(session: Session, one: Claimed) -> Outcome:
    """What became of an extension that was taken away from this run while it asked the issuer."""
    found = session.execute(select(Extension.status, Extension.reason).where(Extension.id == one.id)).one()
    tell_again(session, one.order_id)
    if found.status == ExtensionStatus.FAILED:
        return Outcome(ExtensionEvent.GIVE_UP, Reason(found.reason) if found.reason else None)
    return {ExtensionStatus.DONE: DONE, ExtensionStatus.DROPPED: ENDED}.get(found.status, ASK_ANEW)
