"""One turn at asking others, and how much one address may have asked on its behalf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app, request

from portal import clock, limits
from portal.database import db
from portal.throttle import Throttle, network_of
from portal.vc.fetch import Http
from portal.wallet import outside
from portal.wallet.openid.card import CardStatus, check
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import told

_ASKED = "portal.wallet.asked"
_MADE = "portal.wallet.made"


def init_app(app: Flask) -> None:
    # A whole lecture may be behind one address, and add its cards at once.
    app.extensions[_ASKED] = limits.throttle(app, _ASKED, rate=5, burst=600)
    app.extensions[_MADE] = limits.throttle(app, _MADE, rate=1 / 60, burst=300)


def wait_before_a_new_wallet() -> int:
    """0 where this address may make a wallet now (which is counted), else the seconds until it may."""
    return cast(Throttle, current_app.extensions[_MADE]).wait(network_of(request.remote_addr))


@contextmanager
def turn() -> Iterator[Http]:
    """Several questions without being turned away between them. Raises `WalletError`: `BUSY`, `TOO_OFTEN`."""
    throttle = cast(Throttle, current_app.extensions[_ASKED])
    if not throttle.admit(network_of(request.remote_addr)):
        raise WalletError(Problem.TOO_OFTEN)
    # What was read may be old when the answers are there, and whoever waits needs no connection.
    db.session.rollback()
    with told(), outside.http().turn():
        yield outside.http()


def status_of(credential: str) -> CardStatus:
    """How the card stands by a status list that is fetched now."""
    return check(credential, outside.issuer_keys(), outside.status_lists(), clock.now(), anew=True)
