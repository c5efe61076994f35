"""Start page, help, accessibility, privacy, language, what monitors ask, and what a browser installs."""

from flask import Flask

from portal.pages import health, installing, monitoring, views


def init_app(app: Flask) -> None:
    health.init_app(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(installing.blueprint)
    app.register_blueprint(monitoring.blueprint)
