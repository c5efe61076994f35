"""Who is logged in: accounts, their sessions, and what a role may open.

The cookie holds only a random session token; the session itself is a row here, so that logging out, disabling
an account or a new password ends it at once wherever the cookie has been copied to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import abort, request
from flask import session as cookie
from flask_login import UserMixin, current_user
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, bindparam, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import audit
from portal.audit import Actor
from portal.database import Model, UtcDateTime, write
from portal.extensions import login_manager
from portal.settings import Settings

CLOCK_SET_BACK = timedelta(minutes=5)
"""The clocks of two machines may differ by less."""
SESSION_KEY = "sid"
"""Where the signed cookie holds the session's token."""

P = ParamSpec("P")
R = TypeVar("R")


class Role(StrEnum):
    STUDENT = "student"
    STAFF = "staff"


class Account(Model):
    """Someone who may log in: a student (by album number) or a member of staff (by user name)."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("role <> 'student' OR student_id IS NOT NULL", name="student_has_record"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    """Album number or user name, compared exactly; user names are lower case."""
    role: Mapped[str] = mapped_column(String(16))
    student_id: Mapped[int | None] = mapped_column(ForeignKey("students.id"), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """argon2id in PHC form; empty until the owner has set a password by an invitation."""
    enabled: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str | None] = mapped_column(String(2))
    """Chosen on a page; empty: never, so that the browser's counts."""
    wants_mail: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether the portal may write to the student about the card."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AccountSession(UserMixin, Model):  # type: ignore[misc]
    """One log-in on one browser. Its row's end is the session's end."""

    __tablename__ = "account_sessions"
    __table_args__ = (Index(None, "account_id"), Index(None, "seen_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the random token in the cookie (256 bit, so no key is needed to keep it from guessing)."""
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Last page opened by hand (polls don't count); written at most once a minute."""

    account: Mapped[Account] = relationship(lazy="joined")

    @property
    def actor(self) -> Actor:
        return Actor(self.account.public_id, request.remote_addr)


def token_hash(token: str) -> str:
    """What is kept of a random token (256 bit, so that no key is needed): its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_token_hash(content: Mapping[str, object] | None = None) -> str | None:
    """The hash of the token in the cookie of this request (or of this content), or None; asks no database."""
    token = (cookie if content is None else content).get(SESSION_KEY)
    return token_hash(token) if isinstance(token, str) else None


MY_LIVE_SESSION: tuple[ColumnElement[bool], ...] = (
    AccountSession.token_hash == bindparam("token_hash"),
    Account.enabled.is_(True),
    AccountSession.seen_at > bindparam("seen_after"),
    AccountSession.seen_at < bindparam("seen_before"),
    AccountSession.created_at > bindparam("begun_after"),
)
"""What a cookie's live session fulfils, for a query that joins `AccountSession` with its `Account`.

The one truth for pages and polls; run the query with `my_live_session`.
"""


def my_live_session(token_hash: str, now: datetime, settings: Settings) -> dict[str, object]:
    """The parameters of `MY_LIVE_SESSION`."""
    return {
        "token_hash": token_hash,
        "seen_after": now - settings.session_idle,
        # Begun by a clock that ran ahead it would live until then, and longer than any session may.
        "seen_before": now + CLOCK_SET_BACK,
        "begun_after": now - settings.session_absolute,
    }


def me() -> AccountSession:
    """The session of whoever is logged in; only behind `account_required` or the guard of a role."""
    return cast(AccountSession, current_user)


def my_student_id() -> int:
    """Key of the student who is logged in; only behind `student_required`."""
    student_id = me().account.student_id
    assert student_id is not None  # noqa: S101 — the table's constraint
    return student_id


def _role_required(role: Role | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                return cast(R, login_manager.unauthorized())
            if role is not None and me().account.role != role:
                with write() as session:
                    audit.record(
                        session, audit.Event.ACCESS_DENIED, actor=me().actor, detail=request.endpoint
                    )
                abort(403)
            return view(*args, **kwargs)

        # Read by the tests' walk of the URL map.
        setattr(guarded, "required_role", "any" if role is None else role)  # noqa: B010
        return guarded

    return decorate


account_required = _role_required(None)
student_required = _role_required(Role.STUDENT)
staff_required = _role_required(Role.STAFF)
