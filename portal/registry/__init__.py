"""USOS: who studies here, with which programme, plastic card (ELS) and photo."""

from flask import Flask

from portal.registry import cli
from portal.registry import models as models


def init_app(app: Flask) -> None:
    app.cli.add_command(cli.group)
