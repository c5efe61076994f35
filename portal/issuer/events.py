"""Who hears of what happens here; `create_app` says who."""

from __future__ import annotations

from typing import cast

from flask import current_app

from portal.issuer.interface import IssuerListener

KEY = "portal.issuer.listener"


def listener() -> IssuerListener:
    return cast(IssuerListener, current_app.extensions[KEY])
