"""What `flask doctor` looks at: whether wallets can believe who asks."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from portal import clock
from portal.administration import doctor
from portal.administration.doctor import Findings, Kind
from portal.settings import SettingsError
from portal.verifier import keys

WARNED_BEFORE = timedelta(days=14)


def init_app(app: Flask) -> None:
    doctor.add(app, "verifier's key", check_certificate, Kind.MACHINE)


def check_certificate(found: Findings) -> str:
    """Key and certificate fit, and the certificate is good for some time; ours is renewed by the sweep."""
    try:
        identity = keys.identity()
    except SettingsError as error:
        found.add(str(error), "bring keys/verifier of the instance directory back from a backup")
        return "unusable"
    ends_at = identity.leaf.not_valid_after_utc
    if ends_at - clock.now() < WARNED_BEFORE:
        own, foreign = "start the portal, which makes a new one", "get a new one of its authority"
        remedy = own if identity.own else foreign
        found.add(f"the certificate ends on {ends_at:%Y-%m-%d}", remedy)
    return f"the certificate is good until {ends_at:%Y-%m-%d}"
