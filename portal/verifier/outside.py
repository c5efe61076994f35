"""How the verifier asks other universities: for their keys and their status lists, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, current_app
from sqlalchemy import select

from portal import clock
from portal.database import db
from portal.gate import Gate
from portal.settings import Settings, settings
from portal.vc.fetch import Answer, Http, Outgoing, Reach
from portal.vc.issuers import IssuerKeys
from portal.vc.status import StatusLists
from portal.verifier.models import TrustedIssuer

HTTP = "portal.verifier.http"
ISSUER_KEYS = "portal.verifier.issuer_keys"
STATUS_LISTS = "portal.verifier.status_lists"
SLOTS, WAITING, PATIENCE = 1, 1, 2.0
"""Of the server's four threads; seconds."""


def init_app(app: Flask, ours: Settings) -> None:
    app.extensions[HTTP] = _outgoing(ours, trusted_hosts)
    app.extensions[ISSUER_KEYS] = IssuerKeys(_ask, clock.now)
    app.extensions[STATUS_LISTS] = StatusLists(_ask, clock.now)


def _outgoing(ours: Settings, named: Callable[[], frozenset[str]]) -> Outgoing:
    reach = Reach(ours.base_url, local=ours.demo, named=named)
    return Outgoing(reach, Gate(slots=SLOTS, waiting=WAITING, patience=PATIENCE))


def trusted_hosts() -> frozenset[str]:
    """Hosts, with their ports, of the issuers that the administrator named."""
    hosts = frozenset(urlsplit(url).netloc for url in db.session.scalars(select(TrustedIssuer.url)))
    db.session.rollback()  # no transaction stays open while another server is waited for
    return hosts


def _ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    return http()(method, url, headers=headers, body=body)


def http() -> Http:
    return cast(Http, current_app.extensions[HTTP])


def http_for(host: str) -> Http:
    """How an administrator's command asks a host that it names: at whatever address that has."""
    asks = http()
    return _outgoing(settings(), lambda: frozenset({host})) if isinstance(asks, Outgoing) else asks


def issuer_keys() -> IssuerKeys:
    return cast(IssuerKeys, current_app.extensions[ISSUER_KEYS])


def status_lists() -> StatusLists:
    return cast(StatusLists, current_app.extensions[STATUS_LISTS])
