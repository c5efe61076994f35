"""OpenID4VCI: offers, tokens, credentials, status lists, keys. Knows no student page."""

from __future__ import annotations

from typing import cast

from flask import Flask

from portal.issuer import cli, events, invariants, signing, throttles, views
from portal.issuer import models as models
from portal.issuer.embedded import EmbeddedIssuer
from portal.issuer.interface import Issuer, IssuerListener
from portal.issuer.keys import KeyStore
from portal.issuer.status_lists import Publisher
from portal.settings import Settings


def init_app(app: Flask, settings: Settings, listener: IssuerListener) -> None:
    """Register the protocol's routes; have a place for the signing key.

    Raises `TypeError` without a listener: a card that is collected while nobody hears of it would be lost.
    Raises `OSError` where the keys can't be kept.
    """
    if not isinstance(listener, IssuerListener):
        raise TypeError("the issuer needs a listener")
    app.extensions[events.KEY] = listener
    app.extensions["portal.issuer.keys"] = KeyStore(settings.instance_dir / "keys" / "issuer")
    app.extensions["portal.issuer.status_lists"] = Publisher()
    app.extensions["portal.issuer"] = EmbeddedIssuer(settings)
    throttles.init_app(app)
    invariants.init_app(app)
    app.extensions.setdefault("portal.health", []).append(("issuer's key", signing.check))
    app.register_blueprint(views.blueprint)
    app.cli.add_command(cli.group)


def embedded(app: Flask) -> Issuer:
    """The issuer of this portal itself."""
    return cast(Issuer, app.extensions["portal.issuer"])
