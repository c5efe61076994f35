"""Start page, help, accessibility statement, privacy, language, health."""

from flask import Flask

from portal.pages import health, views


def init_app(app: Flask) -> None:
    health.init_app(app)
    app.register_blueprint(views.blueprint)
