"""What an import tells, drawn on to the orders in the import's own transaction.

All is read for the whole batch at once: an import has tens of thousands of people, and few of them lose a
card.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.batches import batches
from portal.database import db
from portal.orders import endings, mails, rights, telling
from portal.orders.extension_steps import step
from portal.orders.issuance import dispatch
from portal.orders.lining_up import bring_into_line
from portal.orders.models import Extension, Order
from portal.orders.rights import Verdict
from portal.orders.states import EXTENSIONS_OPEN, LIVE, Event, ExtensionEvent, ExtensionStatus, Status
from portal.orders.transitions import Cause, move
from portal.orders.validity import ends_at, reminder_at
from portal.registry.interface import StudentChange
from portal.registry.records import StudentRecord, student_records
from portal.settings import settings

IMPORT = audit.Actor("import")
BATCH = 500
"""Students asked for by one query: databases limit the parameters of a statement."""
TOLD_AT_ONCE = 50
"""Cards whose content the issuer is told in one call: each carries a photo."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Judged:
    """A live order whose student changed, and what that leaves of it."""

    order: Order
    extension: Extension | None
    """The one under way."""
    record: StudentRecord
    verdict: Verdict


class RegistryEvents:
    """The `registry.interface.RegistryListener` of the orders."""

    def __init__(self) -> None:
        self._shortened: list[int] = []
        """Orders that the issuer has yet to hear of; of no harm where their transaction was taken back."""

    def students_changed(self, session: Session, changes: Sequence[StudentChange]) -> int:
        ended = 0
        extendable: dict[int, str] = {}
        for judged in _judged(session, changes):
            order, verdict = judged.order, judged.verdict
            if verdict.ends:
                cause = Cause(IMPORT, verdict.ends)
                ended += endings.end(session, order.id, Event.REVOKE_BY_UNIVERSITY, cause)
                continue
            _hold_back_extension(session, judged)
            if verdict.last_day is not None and verdict.last_day < order.planned_valid_until:
                _shorten(session, order, verdict.last_day)
                self._shortened.append(order.id)
            elif _extension_due(judged):
                occasion = mails.extension_occasion(order.public_id, order.planned_valid_until)
                extendable[order.student_id] = occasion
        mails.put_all(session, mails.Kind.EXTENSION_DUE, extendable)
        return ended

    def would_end(self, session: Session, changes: Sequence[StudentChange]) -> int:
        return sum(judged.verdict.ends is not None for judged in _judged(session, changes))

    def live_cards(self, session: Session) -> int:
        return session.scalar(select(func.count()).select_from(Order).where(_live())) or 0

    def holders(self, session: Session, student_ids: Collection[int]) -> set[int]:
        found: set[int] = set()
        for keys in batches(sorted(student_ids), BATCH):
            found |= set(session.scalars(select(Order.student_id).where(Order.student_id.in_(keys), _live())))
        return found

    def committed(self) -> None:
        """Have the issuer told at once of what ended, so that the status list says so, and of earlier days.

        Killed before or meanwhile, or where nothing is acknowledged: the sweep tells of the ends. A card of
        whose earlier day the issuer never heard is revoked when that day is over.
        """
        shortened, self._shortened = self._shortened, []
        try:
            for told in batches(shortened, TOLD_AT_ONCE):
                bring_into_line(told)
            while telling.tell_due():
                pass
        except Exception:
            _log.exception("the issuer was not told of all that an import ended; the sweep goes on")
        finally:
            db.session.rollback()


def _judged(session: Session, changes: Sequence[StudentChange]) -> Iterator[_Judged]:
    policy, today = settings().policy, clock.today()
    personal = {change.student_id: change.personal for change in changes}
    for keys in batches(sorted(personal), BATCH):
        extensions = _open_extensions(session, keys)
        orders = _live_orders(session, keys)
        records = student_records(session, [order.student_id for order in orders])
        for order in orders:
            record = records[order.student_id]
            changed = personal[order.student_id]
            verdict = rights.verdict(record, Status(order.status), policy, today, personal_changed=changed)
            yield _Judged(order, extensions.get(order.id), record, verdict)


def _hold_back_extension(session: Session, judged: _Judged) -> None:
    """One at work beyond the last day that there is now may be finished any moment.

    Its claim is taken away, so that the engine asks the registry again, and sets the issuer back.
    """
    one, last_day = judged.extension, judged.verdict.last_day
    if one is None or last_day is None or one.new_valid_until <= last_day:
        return
    if one.status == ExtensionStatus.IN_PROGRESS:
        step(session, one.id, ExtensionEvent.TRY_AGAIN, due_at=clock.now())
        dispatch(session, one.order_id)


def _shorten(session: Session, order: Order, last_day: date) -> None:
    columns: dict[str, Any] = {"planned_valid_until": last_day}
    if order.status == Status.COLLECTED:
        columns |= {"due_at": ends_at(last_day), "remind_at": reminder_at(last_day)}
    elif order.status == Status.READY and order.due_at is not None:
        columns["due_at"] = min(order.due_at, ends_at(last_day))
    move(session, order.id, Event.SHORTEN, Cause(IMPORT), **columns)


def _extension_due(judged: _Judged) -> bool:
    """A card in the app that one press would give a later day; one under way needs no press."""
    order = judged.order
    if order.status != Status.COLLECTED or judged.extension is not None:
        return False
    later = rights.extension_due(judged.record, order.planned_valid_until, settings().policy, clock.today())
    return later is not None


def _live() -> ColumnElement[bool]:
    """Cards past their last day are over, even if the sweep was late to say so.

    Codes that ran out count: until the sweep closes them, a wallet may be just about to use them.
    """
    past = and_(Order.status == Status.COLLECTED, Order.planned_valid_until < clock.today())
    return and_(Order.status.in_(LIVE), not_(past))


def _live_orders(session: Session, keys: Sequence[int]) -> Sequence[Order]:
    """Locked where the database has many writers, so that none of them moves on while its end is decided."""
    return session.scalars(
        select(Order)
        .where(Order.student_id.in_(keys), _live())
        .order_by(Order.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _open_extensions(session: Session, keys: Sequence[int]) -> Mapping[int, Extension]:
    """By order; locked before the orders, as a worker's finish does."""
    found = session.scalars(
        select(Extension)
        .join(Order, Order.id == Extension.order_id)
        .where(Order.student_id.in_(keys), Extension.status.in_(EXTENSIONS_OPEN))
        .order_by(Extension.id)
        .with_for_update(of=Extension)
        .execution_options(populate_existing=True)
    )
    return {extension.order_id: extension for extension in found}
