"""What the portal keeps about one student, gathered for that student (GDPR art. 15 and 20).

Without secrets: no codes, tokens or hashes of them, no keys of rows. PESEL numbers stay masked and the photo
outside, as in every export of the portal: their owner gets the photo by itself from the same page, and the
PESEL at the student office. Names of the keys: docs/my-data.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit, clock, kept
from portal.audit import AuditRecord
from portal.identity import Account, AccountSession
from portal.orders.models import Extension, Mail, Order, OrderEvent
from portal.orders.standing import status_now
from portal.registry import disclosure
from portal.settings import settings

FORMAT = "mlegitymacja-portal/my-data/1"
"""Changes where a key changes its meaning or goes; new keys may come."""
_PUBLIC_ID = re.compile(r"[0-9a-f]{32}")


def gather(session: Session, student_id: int) -> dict[str, Any]:
    """Days as dates, times as aware datetimes, notes in the reader's language.

    Raises `RegistryUnavailable`, and `LookupError` for an unknown key.
    """
    account = session.scalar(select(Account).where(Account.student_id == student_id))
    orders = session.scalars(select(Order).where(Order.student_id == student_id).order_by(Order.id)).all()
    me = account.public_id if account else ""
    return {
        "format": FORMAT,
        "made_at": clock.now(),
        "notes": _notes(),
        "student": disclosure.kept(session, student_id),
        "account": _account(account) if account else None,
        "sessions": _sessions(session, account) if account else [],
        "orders": _orders(session, orders, me),
        "mails": _mails(session, student_id),
        "audit": _audit(session, me, orders),
        **(kept.about(account.id) if account else {}),
    }


def as_json(data: dict[str, Any]) -> str:
    """Days like ``2026-11-20`` (Europe/Warsaw), times like ``2026-11-20T11:00:00Z``."""
    return json.dumps(data, default=_iso, ensure_ascii=False, indent=2) + "\n"


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value))


def _notes() -> list[str]:
    """What is not in the file, and how its owner gets it all the same."""
    notes = [
        _("PESEL numbers are masked. The student office (dziekanat) shows you the full one, as USOS has it."),
        _("The photo is not in this file. The page “My data” gives it to you."),
        _("Codes, passwords and keys are left out: whoever got hold of this file could misuse them."),
    ]
    contact = settings().privacy_contact
    if contact:
        notes.append(_("The data protection officer answers questions: %(contact)s", contact=contact))
    return notes


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.public_id,
        "login": account.login,
        "role": account.role,
        "has_password": account.password_hash is not None,
        "enabled": account.enabled,
        "language": account.language,
        "wants_mail": account.wants_mail,
        "created_at": account.created_at,
    }


def _sessions(session: Session, account: Account) -> list[dict[str, Any]]:
    rows = session.execute(
        select(AccountSession.created_at, AccountSession.seen_at)
        .where(AccountSession.account_id == account.id)
        .order_by(AccountSession.id)
    )
    return [{"logged_in_at": row.created_at, "last_used_at": row.seen_at} for row in rows]


def _orders(session: Session, orders: Sequence[Order], me: str) -> list[dict[str, Any]]:
    ids = [order.id for order in orders]
    events = session.scalars(
        select(OrderEvent).where(OrderEvent.order_id.in_(ids)).order_by(OrderEvent.id)
    ).all()
    extensions = session.scalars(
        select(Extension).where(Extension.order_id.in_(ids)).order_by(Extension.id)
    ).all()
    return [
        {
            **_order(order),
            "events": [_event(event, me) for event in events if event.order_id == order.id],
            "extensions": [_extension(one, me) for one in extensions if one.order_id == order.id],
        }
        for order in orders
    ]


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.public_id,
        "status": status_now(order),
        "reason": order.reason,
        "ordered_at": order.ordered_at,
        "status_at": order.status_at,
        "valid_until": order.planned_valid_until,
        "copy_valid_until": order.copy_valid_until,
        "remind_at": order.remind_at,
        "looks_valid_until": order.looks_valid_until,
    }


def _event(event: OrderEvent, me: str) -> dict[str, Any]:
    return {
        "at": event.at,
        "by": _who(event.actor, me),
        "event": event.event,
        "from_status": event.from_status,
        "to_status": event.to_status,
        "reason": event.reason,
    }


def _extension(extension: Extension, me: str) -> dict[str, Any]:
    return {
        "status": extension.status,
        "reason": extension.reason,
        "old_valid_until": extension.old_valid_until,
        "new_valid_until": extension.new_valid_until,
        "asked_at": extension.asked_at,
        "asked_by": _who(extension.asked_by, me),
        "status_at": extension.status_at,
    }


def _mails(session: Session, student_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(select(Mail).where(Mail.student_id == student_id).order_by(Mail.id))
    return [{"kind": mail.kind, "created_at": mail.created_at, "sent_at": mail.sent_at} for mail in rows]


def _audit(session: Session, me: str, orders: Iterable[Order]) -> list[dict[str, Any]]:
    """Addresses are told only of what the student did: another one may be another person's."""
    return [
        {
            "at": row.at,
            "event": row.event,
            "by": _who(row.actor, me),
            "about": _about(row, me),
            "address": row.address if row.actor == me else None,
            "detail": row.detail,
        }
        for row in audit.concerning(session, me, [order.public_id for order in orders])
    ]


def _about(row: AuditRecord, me: str) -> str | None:
    """The student's account, or the id of an order."""
    return "account" if row.subject == me else row.subject


def _who(actor: str, me: str) -> str:
    """``student``, ``staff`` (who of them is their own affair), or a part of the program."""
    if actor == me:
        return "student"
    return "staff" if _PUBLIC_ID.fullmatch(actor) else actor
