"""One-time links: how somebody sets a first password, or a new one for a forgotten one.

Only a hash of the token is kept. Opening a link uses nothing up (mail scanners open links); setting the
password does.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.accounts import albums, passwords, sessions
from portal.accounts.models import AccountLink
from portal.database import db, write
from portal.identity import Account, token_hash
from portal.registry.models import Student
from portal.settings import settings

PATH = "/haslo/"


class DeadLink(Exception):
    """Unknown, used, replaced by a newer one, past its day, or its account is disabled or goes by no name."""


@dataclass(frozen=True)
class LinkOwner:
    """Whose password a link sets. `personal`: what the password may not be made of."""

    account_id: int
    public_id: str
    login: str
    personal: tuple[str, ...]


def make(session: Session, accounts: Sequence[Account], expires_at: datetime) -> list[str]:
    """New links for these accounts, in the caller's transaction and in their order; older ones are dead."""
    tokens = [secrets.token_urlsafe(32) for _ in accounts]
    session.execute(
        delete(AccountLink).where(AccountLink.account_id.in_([account.id for account in accounts]))
    )
    for account, token in zip(accounts, tokens, strict=True):
        session.add(AccountLink(account_id=account.id, token_hash=token_hash(token), expires_at=expires_at))
        audit.record(session, audit.Event.INVITED, actor=audit.COMMAND_LINE, subject=account.public_id)
    return [f"{settings().base_url}{PATH}{token}" for token in tokens]


def owner(token: str) -> LinkOwner:
    """Whose link it is. Raises `DeadLink`."""
    row = db.session.execute(
        select(Account, Student.given_names, Student.surname)
        .join(AccountLink, AccountLink.account_id == Account.id)
        .outerjoin(Student, Student.id == Account.student_id)
        .where(
            AccountLink.token_hash == token_hash(token),
            AccountLink.expires_at > clock.now(),
            Account.enabled.is_(True),
            albums.NAMED,
        )
    ).one_or_none()
    if row is None:
        raise DeadLink
    account, given_names, surname = row
    personal = (account.login, given_names or "", surname or "")
    return LinkOwner(account.id, account.public_id, account.login, personal)


def set_password(token: str, password: str, address: str | None) -> None:
    """Use the link up and set the password; the account's sessions end.

    Raises `DeadLink` (also where another request was first) and `passwords.HashingBusy`.
    """
    whose = owner(token)
    hashed = passwords.hash_password(password)
    with write() as session:
        changed = session.execute(
            update(Account)
            .where(Account.id == whose.account_id, Account.enabled.is_(True))
            .values(password_hash=hashed)
        )
        used = session.execute(
            delete(AccountLink).where(
                AccountLink.token_hash == token_hash(token), AccountLink.expires_at > clock.now()
            )
        )
        if used.rowcount != 1 or changed.rowcount != 1:  # type: ignore[attr-defined]
            raise DeadLink
        sessions.end_all(session, whose.account_id)
        actor = audit.Actor(whose.public_id, address)
        audit.record(session, audit.Event.PASSWORD_SET, actor=actor, subject=whose.public_id, detail="link")
