"""The verifier's limits: how much one address may ask. A gate, and a queue before it, share one."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from portal import limits
from portal.throttle import Throttle

INSPECTORS = "portal.verifier.throttle"
WALLETS = "portal.verifier.wallets_throttle"


def init_app(app: Flask) -> None:
    app.extensions[INSPECTORS] = limits.throttle(app, INSPECTORS, rate=2, burst=120)
    app.extensions[WALLETS] = limits.throttle(app, WALLETS, rate=20, burst=600)


def inspectors() -> Throttle:
    """New checks of one address."""
    return cast(Throttle, current_app.extensions[INSPECTORS])


def wallets() -> Throttle:
    """Requests of one address to the endpoints that wallets use."""
    return cast(Throttle, current_app.extensions[WALLETS])
