"""Start page, accessibility statement, privacy, health."""

from flask import Flask

from portal.pages import views


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
