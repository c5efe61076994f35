"""Start page, help, accessibility statement, privacy, language, health, and what a browser installs."""

from flask import Flask

from portal.pages import health, installing, views


def init_app(app: Flask) -> None:
    health.init_app(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(installing.blueprint)
