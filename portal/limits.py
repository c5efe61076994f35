"""Where limits count, by `PORTAL_LIMITS`: in each process, or in the database for all of them."""

from __future__ import annotations

from typing import cast

from flask import Flask

from portal import chores, shared_throttle
from portal.database import db
from portal.settings import Settings
from portal.shared_throttle import Counter, SharedThrottle
from portal.throttle import MemoryThrottle, Throttle

_COUNTER = "portal.limits.counter"


def init_app(app: Flask, settings: Settings) -> None:
    if settings.limits == "database":
        with app.app_context():
            app.extensions[_COUNTER] = Counter(db.engine.url)
        chores.add(app, shared_throttle.forget_full)


def counter(app: Flask) -> Counter | None:
    """Who counts in the database; None where each process counts for itself."""
    return cast("Counter | None", app.extensions.get(_COUNTER))


def throttle(app: Flask, name: str, *, rate: float, burst: int) -> Throttle:
    """The limit of this name: `burst` at once for each key, then `rate` a second."""
    shared = counter(app)
    if shared is None:
        return MemoryThrottle(rate, burst)
    return SharedThrottle(shared, name, rate, burst)
