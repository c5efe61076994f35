"""The short path of a poll that finds nothing new, for a whole university may be watching.

Before Flask makes a request of it, one joined Core query checks session, account and role and reads the
version, and the answer is 204. Everything else is the view's.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import cast

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.clock import Clock
from portal.database import db
from portal.identity import (
    MY_LIVE_SESSION,
    Account,
    AccountSession,
    Role,
    my_live_session,
    session_token_hash,
)
from portal.mlegitymacja.polling import NO_ORDER, seen_as
from portal.orders.models import Order
from portal.polling import PollLimit, Watch
from portal.settings import Settings
from portal.single_reads import SingleRead
from portal.web.session_cookie import SessionCookie
from portal.web.wsgi import Environ

TOO_MANY = "portal.too_many_polls"
"""In the environ of a poll beyond its session's limit."""

_ADDRESS = re.compile(r"seen=([\w.]+)&step=([0-9]{1,2})&since=([0-9]{1,12})(?:&codes=1)?", re.ASCII)
"""The query of a poll's address as `url_for` writes it."""

_LATEST = (
    select(Order.public_id, Order.version)
    .select_from(AccountSession)
    .join(Account, Account.id == AccountSession.account_id)
    .outerjoin(Order, Order.student_id == Account.student_id)
    .where(Account.role == Role.STUDENT, *MY_LIVE_SESSION)
    .order_by(Order.id.desc())
    .limit(1)
)


class ShortPath:
    """Holds what it needs of the application, since looking it up would cost more than using it."""

    def __init__(self, app: Flask) -> None:
        self._clock: Clock = app.extensions["portal.clock"]
        self._settings: Settings = app.extensions["portal.settings"]
        self._limit: PollLimit = app.extensions["portal.poll_limit"]
        with app.app_context():
            self._latest = SingleRead(db.engine.url, _LATEST)
        self._cookie = cast(SessionCookie, app.session_interface)

    def nothing_new(self, environ: Environ) -> bool:
        """Whether a poll finds what its page shows already; False too where the view has to decide."""
        token_hash = session_token_hash(self._cookie.read(environ))
        if token_hash is None or "HTTP_HX_REQUEST" not in environ:
            return False
        if not self._limit.allows(token_hash):
            environ[TOO_MANY] = True
            return False
        watch, now = _plain_watch(environ.get("QUERY_STRING", "")), self._clock.now()
        if watch is None or watch.due_step(now) != watch.step:
            return False
        try:
            return self._latest_version(token_hash, now) == watch.seen
        except SQLAlchemyError:
            return False  # the view will fail likewise, and has an answer for that

    def _latest_version(self, token_hash: str, now: datetime) -> str | None:
        """What the session's student should see now; None where the session is no live student's."""
        row = self._latest.first(my_live_session(token_hash, now, self._settings))
        if row is None:
            return None
        public_id, version = row
        return NO_ORDER if public_id is None else seen_as(public_id, version)


def _plain_watch(query: str) -> Watch | None:
    """The watch of an address that we wrote; anything unusual is left to the view."""
    written = _ADDRESS.fullmatch(query)
    return None if written is None else Watch(int(written[3]), int(written[2]), written[1])
