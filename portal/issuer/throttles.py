"""The issuer's limits: how much one address may ask.

Codes are guarded elsewhere: an activation code dies of five wrong tries counted in the database, the other
secrets are too long to be guessed.
"""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from portal import limits
from portal.throttle import Throttle

WALLETS = "portal.issuer.throttle"
UNKNOWN = "portal.issuer.unknown_refusals"


def init_app(app: Flask) -> None:
    # A whole lecture may collect at once from behind one address: five requests each.
    app.extensions[WALLETS] = limits.throttle(app, WALLETS, rate=20, burst=600)
    app.extensions[UNKNOWN] = limits.throttle(app, UNKNOWN, rate=1 / 6, burst=10)


def wallets() -> Throttle:
    """Requests of one address to the endpoints that wallets use."""
    return cast(Throttle, current_app.extensions[WALLETS])


def unknown_refusals() -> Throttle:
    """Audit rows about codes and addresses that never existed: ten, then ten a minute."""
    return cast(Throttle, current_app.extensions[UNKNOWN])
