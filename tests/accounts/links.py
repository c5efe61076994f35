"""Making links on the command line, and using them as their owner does."""

from __future__ import annotations

import re

from click.testing import Result
from flask import Flask
from werkzeug.test import TestResponse

from portal.database import db
from portal.identity import Account
from tests.support.login import csrf_token, post
from tests.support.pages import CheckedClient

PASSWORD = "zielony rower nad morzem"
DEAD = "Ten link nie działa"


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["accounts", *args])


def link_for(app: Flask, login: str = "100001", *options: str) -> str:
    """The path of a new link for this person."""
    result = run(app, "invite", login, *options)
    found = re.search(r"https://legitymacja\.example\.org(/haslo/\S+)", result.output)
    assert found, result.output
    return found[1]


def opened(client: CheckedClient, link: str) -> int:
    """The status of the page that a link leads to: 200 with the form, or 404."""
    return client.get(link, follow_redirects=True).status_code


def set_password(
    client: CheckedClient, password: str = PASSWORD, repeated: str | None = None
) -> TestResponse:
    """Send the form that an opened link leads to."""
    form = {"csrf_token": csrf_token(client, "/haslo"), "password": password}
    return post(client, "/haslo", form | {"repeated": password if repeated is None else repeated})


def accounts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Account.login).order_by(Account.login)))
