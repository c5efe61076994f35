"""OpenID4VCI: offers, tokens, credentials, status lists, keys. Knows no student page."""

from typing import cast

from flask import Flask

from portal.issuer.interface import Issuer, IssuerListener
from portal.settings import Settings


def init_app(app: Flask, settings: Settings, listener: IssuerListener) -> None:
    """(being built) registers the protocol's routes and keeps the embedded issuer in `app.extensions`."""


def embedded(app: Flask) -> Issuer:
    """The issuer of this portal itself."""
    return cast(Issuer, app.extensions.get("portal.issuer"))
