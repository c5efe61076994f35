"""Sessions: begun at log-in, ended by log-out, by time, by a new password, or by disabling the account.

The cookie is Flask's signed one; all that counts in it is a random token, whose row here is the session.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, Response, current_app, g, make_response, redirect
from flask import session as cookie
from flask_login import current_user
from htmx_flask import request
from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, contains_eager
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.accounts import return_to
from portal.database import BRIEFLY, PATIENCE, db, write
from portal.extensions import login_manager
from portal.identity import (
    CLOCK_SET_BACK,
    MY_LIVE_SESSION,
    SESSION_KEY,
    Account,
    AccountSession,
    my_live_session,
    session_token_hash,
    token_hash,
)
from portal.reasons import why
from portal.settings import Settings, settings
from portal.unavailable import is_unavailable

WRITE_SEEN_EVERY = timedelta(minutes=1)
WARN_AHEAD = timedelta(minutes=2)
KEPT_AT_LOGIN = ("language",)

_LIVE = (
    select(AccountSession)
    .join(AccountSession.account)
    .options(contains_eager(AccountSession.account))
    .where(*MY_LIVE_SESSION)
)


class AccountChanged(Exception):
    """Between the check and the log-in the account was disabled, or its password changed."""


@dataclass(frozen=True)
class Remaining:
    """What a page must know of the session's end. Seconds."""

    ends_in: int
    final: bool
    """The end can't be put off: it is the absolute limit."""
    warn: int
    """How long before the end to warn."""


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        # The prefix makes browsers refuse the cookie from another host or path, and without Secure.
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        # A form is good as long as its session is: a page left open for an hour must still work.
        WTF_CSRF_TIME_LIMIT=None,
    )
    login_manager.init_app(app)
    # There is no "remember me": its hook would open the cookie, and vary on it, for every answer.
    app.after_request_funcs[None].remove(login_manager._update_remember_cookie)
    login_manager.session_protection = None
    login_manager.request_loader(_load)
    login_manager.unauthorized_handler(_unauthorized)
    app.after_request(_touch)
    app.jinja_env.globals["session_remaining"] = remaining


def begin(account: Account, *, password_hash: str) -> None:
    """Log in: a new session under a new id, in a cookie without the old contents.

    `password_hash` is the one to keep from now on (the same, or made anew with today's parameters).
    Raises `AccountChanged`.
    """
    token = secrets.token_urlsafe(32)
    now = clock.now()
    with write() as session:
        unchanged = (Account.password_hash == account.password_hash, Account.enabled.is_(True))
        changed = session.execute(
            update(Account).where(Account.id == account.id, *unchanged).values(password_hash=password_hash)
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            raise AccountChanged
        session.execute(delete(AccountSession).where(AccountSession.token_hash == session_token_hash()))
        session.add(
            AccountSession(token_hash=token_hash(token), account_id=account.id, created_at=now, seen_at=now)
        )
        actor = audit.Actor(account.public_id, request.remote_addr)
        audit.record(session, audit.Event.LOGGED_IN, actor=actor, subject=account.public_id)
        _delete_over(session, now, settings())
    _empty_cookie()
    cookie[SESSION_KEY] = token


def end(mine: AccountSession) -> None:
    """Log out: the session is over wherever its cookie has been copied to."""
    with write() as session:
        session.execute(delete(AccountSession).where(AccountSession.id == mine.id))
        audit.record(session, audit.Event.LOGGED_OUT, actor=mine.actor, subject=mine.account.public_id)
    forget()


def forget() -> None:
    """Make this visitor anonymous, in the cookie and for the rest of the request."""
    _empty_cookie()
    g.pop("_login_user", None)


def end_all(session: Session, account_id: int, *, but: int | None = None) -> int:
    """End an account's sessions in the caller's transaction; returns how many there were."""
    ended = session.execute(
        delete(AccountSession).where(AccountSession.account_id == account_id, AccountSession.id != (but or 0))
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def renew_id(session: Session, mine: AccountSession) -> str:
    """A new token for a session that goes on; the caller calls `keep` with it once committed."""
    token = secrets.token_urlsafe(32)
    session.execute(
        update(AccountSession).where(AccountSession.id == mine.id).values(token_hash=token_hash(token))
    )
    return token


def keep(token: str) -> None:
    cookie[SESSION_KEY] = token


def extend(mine: AccountSession) -> None:
    """Start the idle limit anew."""
    _write_seen(mine, clock.now())


def remaining() -> Remaining:
    """How long the session of whoever is logged in goes on, unless something is opened."""
    mine: AccountSession = current_user._get_current_object()
    now = clock.now()
    limits = settings()
    seen = now if _to_be_written(mine, now) else mine.seen_at
    idle_end, last_end = seen + limits.session_idle, mine.created_at + limits.session_absolute
    return Remaining(
        ends_in=int((min(idle_end, last_end) - now).total_seconds()),
        final=last_end <= idle_end,
        warn=int(min(WARN_AHEAD, limits.session_idle / 2).total_seconds()),
    )


def was_here() -> bool:
    """Whether the cookie names a session that is over."""
    return SESSION_KEY in cookie and not current_user.is_authenticated


def _load(_request: object) -> AccountSession | None:
    """The live session of this cookie, detached: what a page reads of it stays as it was at its start."""
    hashed = session_token_hash()
    if hashed is None:
        return None
    found = db.session.scalar(_LIVE, my_live_session(hashed, clock.now(), settings()))
    if found is not None:
        db.session.expunge(found.account)
        db.session.expunge(found)
    return found


def _unauthorized() -> BaseResponse:
    if not request.htmx:
        return redirect(return_to.login_page(), 303)
    response = make_response("", 401)
    response.headers["HX-Redirect"] = return_to.login_page()
    return response


def _to_be_written(mine: AccountSession, now: datetime) -> bool:
    by_hand = not request.htmx and request.endpoint != "accounts.session_state"
    return by_hand and now - mine.seen_at >= WRITE_SEEN_EVERY


def _touch(response: Response) -> Response:
    """Note that a page was opened. After the view, so that it can't wait for a lock which the view holds."""
    mine = g.get("_login_user")
    if isinstance(mine, AccountSession):
        now = clock.now()
        if _to_be_written(mine, now):
            try:
                _write_seen(mine, now, BRIEFLY)
            except SQLAlchemyError as error:
                # A disk that is full must not take the page away that was just made.
                if not is_unavailable(error):
                    raise
                current_app.logger.warning("the session's last use could not be written: %s", why(error))
    return response


def _write_seen(mine: AccountSession, now: datetime, patience: float = PATIENCE) -> None:
    with write(patience) as session:
        session.execute(
            update(AccountSession)
            .where(AccountSession.id == mine.id, AccountSession.seen_at < now)
            .values(seen_at=now)
        )
    mine.seen_at = now


def _delete_over(session: Session, now: datetime, limits: Settings) -> None:
    over = or_(
        AccountSession.seen_at <= now - limits.session_idle,
        AccountSession.created_at <= now - limits.session_absolute,
        AccountSession.seen_at >= now + CLOCK_SET_BACK,
    )
    # What somebody else holds, who ends it likewise, is left to the next log-in.
    free = select(AccountSession.id).where(over).with_for_update(skip_locked=True)
    session.execute(
        delete(AccountSession).where(AccountSession.id.in_(free)).execution_options(synchronize_session=False)
    )


def _empty_cookie() -> None:
    kept = {key: cookie[key] for key in KEPT_AT_LOGIN if key in cookie}
    cookie.clear()
    cookie.update(kept)
