"""The heart: who may order, the order's life, the issuance engine."""

from flask import Flask

from portal.issuer.interface import Issuer
from portal.orders import cli, health, pulse
from portal.orders.listener import CardEvents as CardEvents


def init_app(app: Flask, issuer: Issuer) -> None:
    app.extensions["portal.orders.issuer"] = issuer
    pulse.init_app(app)
    app.cli.add_command(cli.group)
    app.extensions.setdefault("portal.health", []).append(("issuance", health.check))
