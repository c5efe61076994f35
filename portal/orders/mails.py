"""Mails to students: written down with what they tell of, sent later by a thread of their own.

Each mail is sent at most once. A claim is one UPDATE with a lease; just before its text goes to the server
the mail is marked as handed over, and then nobody claims it any more, whatever is killed when. Only where the
server itself says that it did not take the text is it tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal import audit, backoff, clock, smtp
from portal.audit import Actor
from portal.database import db, write
from portal.identity import Account
from portal.orders import mail_texts
from portal.orders.mail_texts import Kind as Kind  # noqa: PLC0414 — it is part of this module's interface
from portal.orders.models import Mail, Order
from portal.orders.states import Status
from portal.registry.records import student_email
from portal.settings import settings

BATCH = 50
LEASE = timedelta(minutes=5)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)
LEAST_ATTEMPTS = 5
"""So that a portal that was down for a day gives up nothing at its first failure."""

_log = logging.getLogger(__name__)


class LostClaim(Exception):
    """Somebody else took the mail over, or its student wants none any more. Nothing was sent."""


@dataclass(frozen=True)
class Claimed:
    """A mail that this run may send until its lease ends; the number of attempts tells claims apart."""

    id: int
    student_id: int
    kind: Kind
    occasion: str
    attempts: int
    created_at: datetime


def put(session: Session, student_id: int, kind: Kind, occasion: str) -> None:
    """Have the student told, in the caller's transaction; once for each `occasion`.

    An occasion is the order's public id; of an extension, what `extension_occasion` says. Nothing is written
    where there is no mail server, or the student wants no mail.
    """
    put_all(session, kind, {student_id: occasion})


def extension_occasion(public_id: str, last_day: date) -> str:
    """One for each last day that is to be extended, whoever is the first to tell of it."""
    return f"{public_id}:{last_day.isoformat()}"


def put_all(session: Session, kind: Kind, occasions: Mapping[int, str]) -> None:
    """The same for many students at once, each with an occasion."""
    if settings().mail is None:
        return
    now = clock.now()
    wanting = select(Account.student_id).where(
        Account.student_id.in_(occasions), Account.wants_mail.is_(True)
    )
    rows = [
        {
            "student_id": student_id,
            "kind": kind,
            "occasion": f"{kind}:{occasions[student_id]}",
            "created_at": now,
            "due_at": now,
            "attempts": 0,
        }
        for student_id in session.scalars(wanting)
        if student_id is not None
    ]
    if rows:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        told_before = insert(Mail).on_conflict_do_nothing(index_elements=[Mail.occasion])
        session.execute(told_before, rows)


def choose(student_id: int, wanted: bool, actor: Actor) -> None:
    """The student turns mails on or off. Turned off, those that wait are not sent any more, ever."""
    with write() as session:
        changed = session.execute(
            update(Account)
            .where(Account.student_id == student_id, Account.wants_mail.is_(not wanted))
            .values(wants_mail=wanted)
        )
        if cast("CursorResult[Any]", changed).rowcount != 1:
            return
        event = audit.Event.MAILS_TURNED_ON if wanted else audit.Event.MAILS_TURNED_OFF
        audit.record(session, event, actor=actor, subject=actor.name)
        if not wanted:
            waiting = (Mail.student_id == student_id, Mail.due_at.is_not(None))
            session.execute(update(Mail).where(*waiting).values(due_at=None))


def send_due(go_on: Callable[[], bool] = lambda: True) -> int:
    """Send the mails that are due, up to a batch, one after the other; how many were sent.

    `go_on` is asked before each one. Raises `smtp.Unavailable` where the server can't be reached; the mail
    that met it is tried again later.
    """
    server = settings().mail
    if server is None:
        return 0
    sent = 0
    with smtp.Connection(server) as connection:
        for _number in range(BATCH):
            if not go_on() or (mail := _claim()) is None:
                break
            sent += _deliver(mail, connection)
    return sent


def _account(session: Session, student_id: int) -> tuple[bool, str | None]:
    """Whether the student wants mails, and in which language; somebody without an account can't want any."""
    found = session.execute(
        select(Account.wants_mail, Account.language).where(Account.student_id == student_id)
    ).one_or_none()
    return (False, None) if found is None else (found.wants_mail, found.language)


def _claim() -> Claimed | None:
    now = clock.now()
    due = select(Mail.id).where(Mail.due_at <= now).order_by(Mail.due_at, Mail.id).limit(1)
    if db.session.scalar(due) is None:
        return None  # nothing to do needs no write
    # PostgreSQL would run the subquery again for each row unless it is materialized.
    queue = (
        due.with_for_update(skip_locked=True).cte("queue").prefix_with("MATERIALIZED", dialect="postgresql")
    )
    with write() as session:
        row = session.execute(
            update(Mail)
            .where(Mail.id.in_(select(queue.c.id)), Mail.due_at <= now)
            .values(due_at=now + LEASE, attempts=Mail.attempts + 1)
            .returning(Mail.id, Mail.student_id, Mail.kind, Mail.occasion, Mail.attempts, Mail.created_at)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    if row is None:
        return None  # another process was first
    return Claimed(row.id, row.student_id, Kind(row.kind), row.occasion, row.attempts, row.created_at)


def _deliver(mail: Claimed, connection: smtp.Connection) -> bool:
    """True if the server took it. One mail's trouble must not stop the others, but the server's does."""
    try:
        letter = _letter(mail)
        if letter is None:
            _set(mail, due_at=None)
            return False
        connection.send(letter, lambda: _hand_over(mail))
    except LostClaim:
        return False
    except smtp.Refused as error:
        _log.warning("mail %d (%s) can't be sent: %s", mail.id, mail.kind, error)
        _set(mail, due_at=None)
    except smtp.Unknown as error:
        _log.warning("mail %d (%s) may be lost, and is not sent again: %s", mail.id, mail.kind, error)
    except smtp.Unavailable:
        _try_again(mail, handed_over_at=None)
        raise
    except smtp.Deferred as error:
        _log.info("mail %d (%s) has to wait: %s", mail.id, mail.kind, error)
        _try_again(mail, handed_over_at=None)
    except Exception:
        _log.exception("mail %d (%s) could not be sent now", mail.id, mail.kind)
        _try_again(mail)
    else:
        _set(mail, sent_at=clock.now())
        return True
    return False


def _letter(mail: Claimed) -> smtp.Letter | None:
    """What to send now; None where nobody wants it, can get it, or where it is not true any more."""
    session = db.session()
    try:
        wanted, language = _account(session, mail.student_id)
        if not wanted or not _still_true(session, mail):
            return None
        address = student_email(session, mail.student_id)
    finally:
        session.rollback()  # no read transaction stays open while the server works
    return mail_texts.letter(str(mail.id), mail.kind, address, language) if address else None


def _still_true(session: Session, mail: Claimed) -> bool:
    """Nobody should be asked to collect a card that is collected, or to extend one that is extended."""
    occasion = mail.occasion.removeprefix(f"{mail.kind}:")
    public_id = occasion.partition(":")[0]
    order = session.execute(
        select(Order.status, Order.planned_valid_until).where(Order.public_id == public_id)
    ).one_or_none()
    if mail.kind == Kind.CARD_REVOKED or order is None:
        return mail.kind == Kind.CARD_REVOKED
    if mail.kind == Kind.CARD_READY:
        return bool(order.status == Status.READY)
    last_day: date = order.planned_valid_until
    unchanged = occasion == extension_occasion(public_id, last_day)
    return order.status == Status.COLLECTED and clock.today() <= last_day and unchanged


def _hand_over(mail: Claimed) -> None:
    """The last moment before the text goes out. Raises `LostClaim`."""
    with write() as session:
        marked = session.execute(
            update(Mail)
            .where(Mail.id == mail.id, Mail.attempts == mail.attempts, Mail.due_at.is_not(None))
            .values(handed_over_at=clock.now(), due_at=None)
        )
        if cast("CursorResult[Any]", marked).rowcount != 1:
            raise LostClaim


def _try_again(mail: Claimed, **columns: Any) -> None:
    """After a growing, jittered while; given up after a day. Never what was handed over, unless it came back.

    `columns` say so: `handed_over_at=None`.
    """
    now = clock.now()
    if now - mail.created_at >= GIVE_UP_AFTER and mail.attempts >= LEAST_ATTEMPTS:
        _log.warning("mail %d (%s) is given up after %d attempts", mail.id, mail.kind, mail.attempts)
        _set(mail, due_at=None)
        return
    wait = backoff.wait(mail.attempts, first=FIRST_RETRY, longest=LONGEST_RETRY)
    _set(mail, **columns, due_at=now + wait)


def _set(mail: Claimed, **columns: Any) -> None:
    """Write down what became of it, unless another claim has it by now."""
    with write() as session:
        mine = [Mail.id == mail.id, Mail.attempts == mail.attempts, Mail.sent_at.is_(None)]
        if "due_at" in columns and "handed_over_at" not in columns:
            mine.append(Mail.handed_over_at.is_(None))
        session.execute(update(Mail).where(*mine).values(columns))
