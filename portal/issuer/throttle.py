"""Limits kept in the process: token buckets, without any storage call.

They keep anonymous requests from eating the machine. Codes are guarded elsewhere: an activation code dies of
five wrong tries counted in the database, the other secrets are too long to be guessed.
"""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import OrderedDict
from datetime import datetime
from typing import cast

from flask import Flask, current_app

from portal import clock

WALLETS = "portal.issuer.throttle"
UNKNOWN = "portal.issuer.unknown_refusals"
MAX_KEYS = 10_000


class Throttle:
    """`burst` at once for each key, then `rate` a second. The longest unused keys are forgotten."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def admit(self, key: str) -> bool:
        return self.wait(key) == 0

    def wait(self, key: str) -> int:
        """0 where the key may go on (which is counted), else in how many seconds it may."""
        now = clock.now()
        with self._lock:
            left, seen = self._buckets.pop(key, (float(self._burst), now))
            left = min(self._burst, left + max(0.0, (now - seen).total_seconds()) * self._rate)
            admitted = left >= 1
            self._buckets[key] = (left - 1 if admitted else left, now)
            if len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)
        return 0 if admitted else math.ceil((1 - left) / self._rate)


def init_app(app: Flask) -> None:
    # A whole lecture may collect at once from behind one address: five requests each.
    app.extensions[WALLETS] = Throttle(rate=20, burst=600)
    app.extensions[UNKNOWN] = Throttle(rate=1 / 6, burst=10)


def wallets() -> Throttle:
    """Requests of one address to the endpoints that wallets use."""
    return cast(Throttle, current_app.extensions[WALLETS])


def unknown_refusals() -> Throttle:
    """Audit rows about codes and addresses that never existed: ten, then ten a minute."""
    return cast(Throttle, current_app.extensions[UNKNOWN])


def network_of(address: str | None) -> str:
    """What counts as one address: an IPv6 subscriber has a /64 to choose from."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
