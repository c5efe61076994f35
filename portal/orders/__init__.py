"""The heart: who may order, the order's life, the issuance engine."""

from flask import Flask

from portal.issuer.interface import Issuer
from portal.orders import cli, cli_issuance, health, invariants, measures, overdue, pulse
from portal.orders import cli_extend as cli_extend  # its commands join the group
from portal.orders import staff_cli as staff_cli  # its commands join the group
from portal.orders.listener import CardEvents as CardEvents
from portal.orders.registry_events import RegistryEvents as RegistryEvents


def init_app(app: Flask, issuer: Issuer) -> None:
    app.extensions["portal.orders.issuer"] = issuer
    pulse.init_app(app)
    app.cli.add_command(cli.group)
    app.cli.add_command(cli_issuance.group)
    measures.init_app(app)
    invariants.init_app(app)
    overdue.init_app(app)
    app.extensions.setdefault("portal.health", []).extend(
        [("issuance", health.check), ("mail", health.check_mail)]
    )
