"""Limits that keep anonymous requests from eating the machine: a token bucket for each key.

`MemoryThrottle` counts in the process, without any storage call; `portal.shared_throttle` counts for all
processes together. The parts don't know which they have: `portal.limits` hands them out.
"""

from __future__ import annotations

import ipaddress
import math
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from datetime import datetime

from portal import clock

MAX_KEYS = 10_000


class Throttle(ABC):
    """`burst` at once for each key, then `rate` a second."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst

    def admit(self, key: str) -> bool:
        return self.wait(key) == 0

    @abstractmethod
    def wait(self, key: str) -> int:
        """0 where the key may go on (which is counted), else in how many seconds it may."""


class MemoryThrottle(Throttle):
    """Counts in this process. The longest unused keys are forgotten."""

    def __init__(self, rate: float, burst: int) -> None:
        super().__init__(rate, burst)
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait(self, key: str) -> int:
        now = clock.now()
        with self._lock:
            left, seen = self._buckets.pop(key, (float(self._burst), now))
            left = min(self._burst, left + max(0.0, (now - seen).total_seconds()) * self._rate)
            admitted = left >= 1
            self._buckets[key] = (left - 1 if admitted else left, now)
            if len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)
        return 0 if admitted else math.ceil((1 - left) / self._rate)


def network_of(address: str | None) -> str:
    """What counts as one address: an IPv6 subscriber has a /64 to choose from."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))
