"""The „Dla studentów” menu."""

from flask import Flask

from portal.students import views


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
