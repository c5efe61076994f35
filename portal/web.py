"""What is true of every answer: headers, error pages, host, size of the request."""

from flask import Flask

from portal.settings import Settings


def init_app(app: Flask, settings: Settings) -> None:
    app.config["SECRET_KEY"] = settings.secret_key
