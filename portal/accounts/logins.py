"""Logging in, and changing a password: the same answer and the same work for known and unknown names."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app
from sqlalchemy import delete, select, update

from portal import audit, chores, clock, limits
from portal.accounts import passwords, sessions, shared_throttle
from portal.accounts.models import AccountLink
from portal.accounts.shared_throttle import SharedLoginThrottle
from portal.accounts.throttle import LoginThrottle, Throttled, Throttling
from portal.database import db, write
from portal.gate import Busy
from portal.identity import Account, AccountSession

LONGEST_LOGIN = 64
_THROTTLE = "portal.accounts.throttle"


class Refused(Exception):
    """Wrong name, wrong password, no password yet, or a disabled account: nobody is told which."""


def init_app(app: Flask) -> None:
    counter = limits.counter(app)
    if counter is None:
        app.extensions[_THROTTLE] = LoginThrottle()
    else:
        app.extensions[_THROTTLE] = SharedLoginThrottle(counter)
        chores.add(app, shared_throttle.forget_old)


def log_in(typed: str, password: str, address: str) -> Account:
    """Begin a session for whom name and password belong to.

    Raises `Refused`, `Throttled`, `gate.Busy`.
    """
    name = _normal(typed)
    actor = audit.Actor("anonymous", address)
    account = _find(name)
    _check(name, account, password, actor)
    assert account is not None and account.password_hash is not None  # noqa: S101, PT018 — it fitted
    kept = account.password_hash
    if passwords.outdated(kept):
        kept = passwords.hash_password(password)
    try:
        sessions.begin(account, password_hash=kept)
    except sessions.AccountChanged as error:
        raise Refused from error
    return account


def change_password(mine: AccountSession, current: str, new: str) -> None:
    """Set a new password; every other session of the account ends, and this one gets a new id.

    Raises `Refused` where the current password is wrong, `Throttled`, `gate.Busy`.
    """
    account = mine.account
    _check(account.login, account, current, mine.actor, detail="password change")
    hashed = passwords.hash_password(new)
    with write() as session:
        changed = session.execute(
            update(Account)
            .where(Account.id == account.id, Account.password_hash == account.password_hash)
            .values(password_hash=hashed)
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            raise Refused
        sessions.end_all(session, account.id, but=mine.id)
        session.execute(delete(AccountLink).where(AccountLink.account_id == account.id))
        token = sessions.renew_id(session, mine)
        audit.record(session, audit.Event.PASSWORD_SET, actor=mine.actor, subject=account.public_id)
    sessions.keep(token)


def _check(
    name: str, account: Account | None, password: str, actor: audit.Actor, detail: str | None = None
) -> None:
    """Count, verify, and note in the audit. A typed name stands nowhere: people type passwords there."""
    throttle = cast(Throttling, current_app.extensions[_THROTTLE])
    subject = None if account is None else account.public_id
    try:
        attempt = throttle.begin(name.lower(), actor.address or "", clock.now())
    except Throttled as error:
        if error.first:
            _note(audit.Event.LOGIN_THROTTLED, actor, subject, detail)
        raise
    usable = account is not None and account.enabled
    try:
        fits = passwords.verify(account.password_hash if account and usable else None, password)
    except Busy:
        throttle.undecided(attempt)
        raise
    if not fits:
        _note(audit.Event.LOGIN_REFUSED, actor, subject, detail)
        raise Refused
    throttle.succeeded(attempt)


def _note(event: audit.Event, actor: audit.Actor, subject: str | None, detail: str | None) -> None:
    with write() as session:
        audit.record(session, event, actor=actor, subject=subject, detail=detail)


def _normal(typed: str) -> str:
    """The form in which log-ins are kept; what can't be one becomes empty, but is handled all the same."""
    name = typed.strip()
    return name if len(name) <= LONGEST_LOGIN and name.isprintable() else ""


def _find(name: str) -> Account | None:
    """The account of that name; user names may be typed in capitals."""
    found = db.session.scalars(select(Account).where(Account.login.in_({name, name.lower()}))).all()
    account = min(found, key=lambda account: account.login != name, default=None)
    if account is not None:
        db.session.expunge(account)
    return account
