"""The order page: order, watch, collect, revoke."""

from flask import Flask

from portal.mlegitymacja import polling, views
from portal.mlegitymacja.short_path import ShortPath
from portal.web import early


def init_app(app: Flask) -> None:
    polling.init_app(app)
    app.register_blueprint(views.blueprint)
    early.register(app, f"{views.blueprint.url_prefix}/stan", ShortPath(app).nothing_new)
