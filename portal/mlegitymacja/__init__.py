"""The order page: order, watch, collect, revoke."""

from flask import Flask

from portal.mlegitymacja import views


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
