"""How much may be asked: by one address, and by one app for one student."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from portal import limits
from portal.throttle import Throttle
from portal.usosapi.errors import too_many

ADDRESSES = "portal.usosapi.addresses"
TOKENS = "portal.usosapi.tokens"


def init_app(app: Flask) -> None:
    # Mobile networks and lecture halls put many phones behind one address.
    app.extensions[ADDRESSES] = limits.throttle(app, ADDRESSES, rate=20, burst=600)
    app.extensions[TOKENS] = limits.throttle(app, TOKENS, rate=5, burst=100)


def count(which: str, key: str) -> None:
    """Raises `ApiError` (429) where there were too many."""
    wait = cast(Throttle, current_app.extensions[which]).wait(key)
    if wait:
        raise too_many(wait)
