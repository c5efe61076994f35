"""How a page changes by itself: the pace of its polls, and a limit of their own."""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from flask import Flask

from portal import clock

PACE = ((4, 0.25), (10, 0.5), (40, 1.0), (180, 2.0), (600, 5.0))
"""Up to so many seconds of watching, one poll every so many seconds; after the last, by hand."""
JITTER = 0.15
CLOCK_SET_BACK = 5
"""Seconds; the clocks of two machines may differ by less."""


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

    def due_step(self, now: datetime) -> int:
        """The pace that is due by then, as an index of `PACE`; its length when it is time to stop.

        The slowest for a watch that begins later than now: the clock was set back, under all tabs at once.
        """
        watched = now.timestamp() - self.since
        if watched < -CLOCK_SET_BACK:
            return len(PACE) - 1
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
