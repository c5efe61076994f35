"""The audit trail: who did what to whose, when, from where. Append-only, without personal content.

Subjects and actors are public ids; what happened is a word of `Event`. The database itself refuses to change
or delete a row (triggers, made by the migration); `audit_pruning` is the one way past them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Flask
from sqlalchemy import Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import clock
from portal.database import Model, UtcDateTime


class Event(StrEnum):
    """What the trail can tell. New words go here, so that they can be found in one place."""

    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGIN_THROTTLED = "login_throttled"
    LOGGED_OUT = "logged_out"
    PASSWORD_SET = "password_set"  # noqa: S105
    INVITED = "invited"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    SESSIONS_ENDED = "sessions_ended"
    ACCESS_DENIED = "access_denied"
    REGISTRY_IMPORTED = "registry_imported"
    ORDER_PLACED = "order_placed"
    ORDER_CANCELLED = "order_cancelled"
    CODES_RENEWED = "codes_renewed"
    CARD_PREPARED = "card_prepared"
    CARD_COLLECTED = "card_collected"
    EXTENSION_ASKED = "extension_asked"
    EXTENSIONS_ASKED_FOR_ALL = "extensions_asked_for_all"
    CARD_EXTENDED = "card_extended"
    CARD_REVOKED = "card_revoked"
    CARD_DELETED = "card_deleted"
    MAILS_TURNED_ON = "mails_turned_on"
    MAILS_TURNED_OFF = "mails_turned_off"
    OFFER_REFUSED = "offer_refused"
    OFFER_VOIDED = "offer_voided"
    TOKENS_VOIDED = "tokens_voided"
    ISSUER_KEY_ROTATED = "issuer_key_rotated"
    ENCRYPTION_KEY_ROTATED = "encryption_key_rotated"
    DATA_ERASED = "data_erased"
    ISSUER_TRUSTED = "issuer_trusted"
    ISSUER_DISTRUSTED = "issuer_distrusted"
    APP_REGISTERED = "app_registered"
    APP_REMOVED = "app_removed"
    APP_ALLOWED = "app_allowed"
    APP_ACCESS_ENDED = "app_access_ended"
    AUDIT_PRUNED = "audit_pruned"


@dataclass(frozen=True)
class Actor:
    """Who acts: the public id of an account, or a part of the program; and from which address."""

    name: str
    address: str | None = None


SYSTEM = Actor("system")
COMMAND_LINE = Actor("command line")


class AuditRecord(Model):
    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"), Index(None, "subject"), Index(None, "actor"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    event: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    detail: Mapped[str | None] = mapped_column(String(200))


def init_app(app: Flask) -> None:
    from portal.audit_cli import commands  # it needs this module

    app.cli.add_command(commands)


def record(
    session: Session, event: Event, *, actor: Actor, subject: str | None = None, detail: str | None = None
) -> None:
    """Add a row in the caller's transaction. `detail` is a word of the program, never a user's input."""
    session.add(
        AuditRecord(
            at=clock.now(),
            event=event,
            actor=actor.name,
            subject=subject,
            address=actor.address,
            detail=detail,
        )
    )


def concerning(session: Session, name: str, subjects: Collection[str]) -> Sequence[AuditRecord]:
    """What `name` (an actor's) did, and what happened to it or to these subjects; oldest first."""
    return session.scalars(
        select(AuditRecord)
        .where(or_(AuditRecord.actor == name, AuditRecord.subject.in_({name, *subjects})))
        .order_by(AuditRecord.id)
    ).all()
