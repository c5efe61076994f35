"""The order page: order, watch, collect, revoke."""

from flask import Flask

from portal.mlegitymacja import polling, views


def init_app(app: Flask) -> None:
    polling.init_app(app)
    app.register_blueprint(views.blueprint)
