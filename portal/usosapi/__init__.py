"""The USOS API, as mobile clients know it: OAuth 1.0a, and the methods that the mLegitymacja needs."""

from flask import Flask

from portal import chores, kept
from portal.usosapi import apps, cli, nonces, throttles, views
from portal.usosapi import models as models


def init_app(app: Flask) -> None:
    throttles.init_app(app)
    app.register_blueprint(views.machine)
    app.register_blueprint(views.pages)
    app.cli.add_command(cli.group)
    chores.add(app, nonces.forget)
    kept.add(app, "apps", apps.told)
