"""Log in and out, invitations, passwords."""

from flask import Flask

from portal.accounts import albums, cli, logins, sessions, views
from portal.registry import events
from portal.settings import settings


def init_app(app: Flask) -> None:
    with app.app_context():
        sessions.init_app(app, settings())
    logins.init_app(app)
    events.hear_of_numbers(app, albums.follow)
    app.register_blueprint(views.blueprint)
    app.cli.add_command(cli.commands)
