"""How many failed log-ins are let through: few for a name from one address, more for the whole address.

Counted in a moving window: here in this process, in `shared_throttle` for all processes together. The library
`limits` could do it too, but reads the system's clock itself and keeps every key it was given; here the
portal's clock counts and memory has a bound. Nobody can lock another out: what fails at one address counts
at that address only.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from portal.throttle import network_of

WINDOW = timedelta(minutes=15)
TRIES_FOR_A_PAIR = 10
TRIES_FOR_AN_ADDRESS = 300
"""High, because a lab or a whole campus may share one address."""
MOST_KEYS = 50_000


class Throttled(Exception):
    """Too many failures. `until`: when to try again; `first`: not yet said in this window (for the audit)."""

    def __init__(self, until: datetime, *, first: bool) -> None:
        super().__init__("too many failed log-ins")
        self.until = until
        self.first = first

    @property
    def until_minute(self) -> datetime:
        """`until`, rounded up to a whole minute, as pages show it."""
        return self.until + timedelta(seconds=-self.until.timestamp() % 60)

    def seconds(self, now: datetime) -> int:
        """For ``Retry-After``: whole seconds, at least one."""
        return max(1, math.ceil((self.until - now).total_seconds()))


@dataclass
class _Failures:
    stamps: list[float] = field(default_factory=list)
    told: float = -math.inf


class MovingWindow:
    """Failures by key within the last `WINDOW`. Not safe for threads by itself."""

    def __init__(self, tries: int, most_keys: int = MOST_KEYS) -> None:
        self._tries = tries
        self._most_keys = most_keys
        self._failures: OrderedDict[bytes, _Failures] = OrderedDict()

    def check(self, key: bytes, now: float) -> None:
        """Raises `Throttled` where the window holds as many failures as it may."""
        failures = self._failures.get(key)
        if failures is None:
            return
        since, until = now - WINDOW.total_seconds(), now + WINDOW.total_seconds()
        # Further ahead than that it was a clock that was wrong, and would shut somebody out until then.
        failures.stamps = [stamp for stamp in failures.stamps if since < stamp < until]
        if len(failures.stamps) < self._tries:
            return
        first = not since < failures.told < until
        if first:
            failures.told = now
        again_at = failures.stamps[-self._tries] + WINDOW.total_seconds()
        raise Throttled(datetime.fromtimestamp(again_at, UTC), first=first)

    def add(self, key: bytes, now: float) -> None:
        self._failures.setdefault(key, _Failures()).stamps.append(now)
        self._failures.move_to_end(key)
        self._drop_old(now - WINDOW.total_seconds())

    def take_back(self, key: bytes, now: float) -> None:
        """Undo one `add` of that instant."""
        failures = self._failures.get(key)
        if failures is not None and now in failures.stamps:
            failures.stamps.remove(now)

    def forget(self, key: bytes) -> None:
        self._failures.pop(key, None)

    def __len__(self) -> int:
        return len(self._failures)

    def _drop_old(self, since: float) -> None:
        """The keys stand in the order of their last failure, so what may go is always in front."""
        while self._failures:
            oldest = next(iter(self._failures.values()))
            if len(self._failures) <= self._most_keys and oldest.stamps and oldest.stamps[-1] > since:
                return
            self._failures.popitem(last=False)


@dataclass(frozen=True)
class Attempt:
    """One log-in under way. It counts as failed from its start: parallel tries can't slip through."""

    pair: bytes
    address: bytes
    stamp: float


class Throttling(Protocol):
    """Counts log-ins. Of each pair and each address the window lets through so many and no more."""

    def begin(self, name: str, address: str, now: datetime) -> Attempt:
        """Count an attempt. Raises `Throttled`."""

    def succeeded(self, attempt: Attempt) -> None:
        """The right password: what failed before for this pair is forgotten."""

    def undecided(self, attempt: Attempt) -> None:
        """The password was never checked: the attempt doesn't count."""


class LoginThrottle:
    """`Throttling` in this process: the counters of one application."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._lock = threading.Lock()
        self.pairs = MovingWindow(TRIES_FOR_A_PAIR, most_keys)
        self.addresses = MovingWindow(TRIES_FOR_AN_ADDRESS, most_keys)

    def begin(self, name: str, address: str, now: datetime) -> Attempt:
        place = network_of(address)
        attempt = Attempt(_key(name, place), _key(place), now.timestamp())
        with self._lock:
            self.pairs.check(attempt.pair, attempt.stamp)
            self.addresses.check(attempt.address, attempt.stamp)
            self.pairs.add(attempt.pair, attempt.stamp)
            self.addresses.add(attempt.address, attempt.stamp)
        return attempt

    def succeeded(self, attempt: Attempt) -> None:
        with self._lock:
            self.pairs.forget(attempt.pair)
            self.addresses.take_back(attempt.address, attempt.stamp)

    def undecided(self, attempt: Attempt) -> None:
        with self._lock:
            self.pairs.take_back(attempt.pair, attempt.stamp)
            self.addresses.take_back(attempt.address, attempt.stamp)


def _key(*parts: str) -> bytes:
    """Of one length, however long a name somebody sends."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
