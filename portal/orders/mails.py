"""Mails to students: written down with what they tell of, sent later by a thread of their own."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock
from portal.identity import Account
from portal.orders.models import Mail
from portal.settings import settings


class Kind(StrEnum):
    CARD_READY = "card_ready"
    CARD_REVOKED = "card_revoked"
    EXTENSION_DUE = "extension_due"


def put(session: Session, student_id: int, kind: Kind, occasion: str) -> None:
    """Have the student told, in the caller's transaction; once for each `occasion` (an order's id, say).

    Nothing is written where the portal has no mail server, or the student wants no mail.
    """
    if settings().mail is None or not _wants(session, student_id):
        return
    now = clock.now()
    try:
        with session.begin_nested():
            session.execute(
                insert(Mail).values(
                    student_id=student_id,
                    kind=kind,
                    occasion=f"{kind}:{occasion}",
                    created_at=now,
                    due_at=now,
                    attempts=0,
                )
            )
    except IntegrityError:
        pass  # told before


def _wants(session: Session, student_id: int) -> bool:
    return bool(session.scalar(select(Account.wants_mail).where(Account.student_id == student_id)))
