"""The mLegitymacja portal. `create_app` is its table of contents."""

from __future__ import annotations

import os

from flask import Flask

from portal import (
    accounts,
    administration,
    assets,
    audit,
    clock,
    database,
    demo,
    encryption,
    extensions,
    issuer,
    language,
    limits,
    logs,
    metrics,
    mlegitymacja,
    orders,
    pages,
    polling,
    registry,
    rendering,
    students,
    usosapi,
    verifier,
    wallet,
    web,
)
from portal.settings import ROOT, Settings, load


def create_app(settings: Settings | None = None, *, time: clock.Clock | None = None) -> Flask:
    """The portal as a WSGI application.

    Raises `SettingsError` where a setting is missing or wrong, and `OSError` where keys can't be kept.
    """
    settings = settings or load(os.environ)
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    app.extensions["portal.settings"] = settings
    logs.init_app(app)
    metrics.init_app(app)
    clock.init_app(app, time)
    encryption.init_app(app, settings)
    database.init_app(app, settings)
    audit.init_app(app)
    limits.init_app(app, settings)
    extensions.init_app(app)
    administration.init_app(app)
    rendering.init_app(app)
    language.init_app(app)
    web.init_app(app, settings)
    assets.init_app(app)
    polling.init_app(app)

    registry.init_app(app, listener=orders.RegistryEvents())
    issuer.init_app(app, settings, listener=orders.CardEvents())
    orders.init_app(app, issuer=issuer.embedded(app))

    for face in (accounts, pages, students, mlegitymacja, usosapi, verifier):
        face.init_app(app)
    wallet.init_app(app, settings)
    demo.init_app(app)
    return app
