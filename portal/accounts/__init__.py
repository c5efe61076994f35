"""Log in and out, invitations, passwords."""

from flask import Flask

from portal.accounts import views


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
