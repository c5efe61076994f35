"""How the page changes by itself: the pace, the short path of a poll, and the limit of its own.

A poll that finds nothing new must cost next to nothing, for a whole university may be watching: before Flask
makes a request of it, one joined Core query checks session, account and role and reads the version, and the
answer is 204.
"""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import cast

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import single_reads
from portal.identity import (
    MY_LIVE_SESSION,
    Account,
    AccountSession,
    Role,
    my_live_session,
    session_token_hash,
)
from portal.orders.models import Order
from portal.settings import settings
from portal.web.session_cookie import SessionCookie
from portal.web.wsgi import Environ

PACE = ((4, 0.25), (10, 0.5), (40, 1.0), (180, 2.0), (600, 5.0))
"""Up to so many seconds of watching, one poll every so many seconds; after the last, by hand."""
JITTER = 0.15
NO_ORDER = "none"
TOO_MANY = "portal.too_many_polls"
"""In the environ of a poll beyond its session's limit."""

_LATEST = (
    select(Order.public_id, Order.version)
    .select_from(AccountSession)
    .join(Account, Account.id == AccountSession.account_id)
    .outerjoin(Order, Order.student_id == Account.student_id)
    .where(Account.role == Role.STUDENT, *MY_LIVE_SESSION)
    .order_by(Order.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Watch:
    """One page's watching, as its poll address carries it: since when, at which pace, what is shown."""

    since: int
    step: int
    seen: str
    codes: bool = False

    @classmethod
    def begin(cls, seen: str, *, codes: bool = False) -> Watch:
        return cls(int(clock.now().timestamp()), 0, seen, codes)

    @property
    def due_step(self) -> int:
        """The pace that is due by now, as an index of `PACE`; its length when it is time to stop."""
        watched = clock.now().timestamp() - self.since
        return next((index for index, (until, _every) in enumerate(PACE) if watched < until), len(PACE))

    def at(self, step: int, seen: str) -> Watch:
        return Watch(self.since, step, seen, self.codes)

    @property
    def over(self) -> bool:
        return self.step >= len(PACE)

    @property
    def interval(self) -> str:
        """htmx's interval, with jitter, so that tabs opened together don't stay in step."""
        seconds = PACE[self.step][1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        return f"{round(seconds * 1000)}ms"


def nothing_new(environ: Environ) -> bool:
    """Whether a poll finds what its page shows already; False too where the view has to decide."""
    app = current_app
    token_hash = session_token_hash(cast(SessionCookie, app.session_interface).read(app, environ))
    if token_hash is None or "HTTP_HX_REQUEST" not in environ:
        return False
    if not cast(PollLimit, app.extensions["portal.poll_limit"]).allows(token_hash):
        environ[TOO_MANY] = True
        return False
    watch = _plain_watch(environ.get("QUERY_STRING", ""))
    if watch is None or watch.due_step != watch.step:
        return False
    try:
        return latest_version(token_hash) == watch.seen
    except SQLAlchemyError:
        return False  # the view will fail likewise, and has an answer for that


def _plain_watch(query: str) -> Watch | None:
    """The watch of an address that we wrote; anything unusual is left to the view."""
    said = dict(part.partition("=")[::2] for part in query.split("&"))
    since, step = said.get("since", ""), said.get("step", "")
    if not (since.isdecimal() and step.isdecimal() and len(since) + len(step) < 20):
        return None
    return Watch(int(since), int(step), said.get("seen", ""))


def version_seen(order: Order | None) -> str:
    """What a page shows: which order, in which version."""
    return NO_ORDER if order is None else f"{order.public_id}.{order.version}"


def latest_version(token_hash: str) -> str | None:
    """What the session's student should see now; None where the session is no live student's."""
    row = single_reads().first(_LATEST, my_live_session(token_hash, clock.now(), settings()))
    if row is None:
        return None
    return NO_ORDER if row.public_id is None else f"{row.public_id}.{row.version}"


class PollLimit:
    """A token bucket for each session, in this process: flooding costs the flooder only."""

    def __init__(self, rate: float = 8.0, burst: float = 40.0, sessions: int = 20_000) -> None:
        self.rate, self.burst, self.sessions = rate, burst, sessions
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, key: str) -> bool:
        """Take a token; False where there is none. Several tabs of one student share a bucket."""
        now = time.monotonic()
        with self._lock:
            tokens, filled = self._buckets.pop(key, (self.burst, now))
            tokens = min(self.burst, tokens + (now - filled) * self.rate)
            self._buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
            if len(self._buckets) > self.sessions:
                self._buckets.popitem(last=False)
        return tokens >= 1


def init_app(app: Flask) -> None:
    app.extensions["portal.poll_limit"] = PollLimit()
