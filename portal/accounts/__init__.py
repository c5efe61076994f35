"""Log in and out, invitations, passwords."""

from flask import Flask

from portal.accounts import cli, logins, sessions, views
from portal.settings import settings


def init_app(app: Flask) -> None:
    with app.app_context():
        sessions.init_app(app, settings())
    logins.init_app(app)
    app.register_blueprint(views.blueprint)
    app.cli.add_command(cli.commands)
