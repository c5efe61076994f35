"""USOS: who studies here, with which programme, plastic card (ELS) and photo."""

from flask import Flask

from portal.registry import cli, events, invariants
from portal.registry import models as models
from portal.registry.interface import RegistryListener


def init_app(app: Flask, listener: RegistryListener) -> None:
    """Register the commands.

    Raises `TypeError` without a listener: a status that is lost while nobody hears of it would leave its card
    valid.
    """
    if not isinstance(listener, RegistryListener):
        raise TypeError("the registry needs a listener")
    app.extensions[events.KEY] = listener
    app.cli.add_command(cli.group)
    invariants.init_app(app)
