"""The wallet's way to the world: HTTP within its reach, and what it remembers of issuers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import Flask, current_app

from portal import clock
from portal.gate import Gate
from portal.settings import Settings
from portal.vc.fetch import Answer, Http, Outgoing, Reach
from portal.vc.issuers import IssuerKeys
from portal.vc.status import StatusLists

HTTP = "portal.wallet.http"
KEYS = "portal.wallet.issuer_keys"
LISTS = "portal.wallet.status_lists"


def init_app(app: Flask, settings: Settings) -> None:
    # The server has four threads, and the issuer that is asked may be this very server: two of them may
    # wait for an answer and one for its turn, so that one is left to answer. Others are sent away at once.
    gate = Gate(slots=2, waiting=1, patience=3.0)
    app.extensions[HTTP] = Outgoing(Reach(settings.base_url, local=settings.demo), gate)
    system = cast(clock.Clock, app.extensions["portal.clock"])
    app.extensions[KEYS] = IssuerKeys(_asking(app), system.now)
    app.extensions[LISTS] = StatusLists(_asking(app), system.now)


def http() -> Outgoing:
    return cast(Outgoing, current_app.extensions[HTTP])


def issuer_keys() -> IssuerKeys:
    return cast(IssuerKeys, current_app.extensions[KEYS])


def status_lists() -> StatusLists:
    return cast(StatusLists, current_app.extensions[LISTS])


def _asking(app: Flask) -> Http:
    """Whatever HTTP the application has at the moment."""

    def ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        return cast(Http, app.extensions[HTTP])(method, url, headers=headers, body=body)

    return ask
