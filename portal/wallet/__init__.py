"""Kieszonka, a stand-in for a phone's wallet app. It knows issuers and verifiers over HTTP alone."""

from flask import Flask

from portal import chores, clock
from portal.settings import Settings
from portal.wallet import asking, holders, keeping, manifest, outside, pictures, views
from portal.wallet import models as models


def init_app(app: Flask, settings: Settings) -> None:
    """Register the wallet's pages, where the settings want a wallet."""
    if not settings.wallet:
        return
    outside.init_app(app, settings)
    asking.init_app(app)
    pictures.init_app(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(manifest.blueprint)
    app.jinja_env.globals["server_time"] = clock.now
    chores.add(app, keeping.forget_errands)
    chores.add(app, holders.forget_unused)
