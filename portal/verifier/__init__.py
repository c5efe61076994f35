"""An inspector checks a card: OpenID4VP 1.0, without log-in."""

from __future__ import annotations

from typing import cast

from flask import Flask

from portal import chores, clock
from portal.settings import Settings
from portal.verifier import cli, examining, inspections, keys, outside, protocol, throttles, views
from portal.verifier import models as models


def init_app(app: Flask) -> None:
    """Register the inspector's pages and the protocol's endpoints; the first start makes the key.

    Raises `OSError` where they can't be kept, and `SettingsError` where those that are there don't fit.
    """
    settings = cast(Settings, app.extensions["portal.settings"])
    store = keys.IdentityStore(settings.instance_dir / "keys" / "verifier", settings)
    app.extensions["portal.verifier.identity"] = store
    with app.app_context():
        store.prepare(clock.now())
    outside.init_app(app, settings)
    throttles.init_app(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(protocol.blueprint)
    app.cli.add_command(cli.group)
    examining.init_app(app)
    chores.add(app, inspections.forget)
    chores.add(app, renew_certificate)


def renew_certificate() -> None:
    """A chore: a new certificate before ours ends."""
    keys.store().prepare(clock.now())
