"""Accounts for tests, and logging in as a browser does."""

from __future__ import annotations

import re
import secrets
from functools import cache

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import clock
from portal.accounts.passwords import hash_password
from portal.database import write
from portal.identity import Account
from portal.settings import settings

TOKEN = re.compile(r'name="csrf_token"[^>]*\bvalue="([^"]+)"')
_hash = cache(hash_password)


def make_account(
    app: Flask,
    student_id: int | None = None,
    login: str = "100001",
    password: str | None = "student",
    role: str = "student",
    *,
    enabled: bool = True,
) -> int:
    """The key of a new account. A student's needs the key of an imported student."""
    with app.app_context():
        account = Account(
            public_id=secrets.token_hex(16),
            login=login,
            role=role,
            student_id=student_id,
            password_hash=None if password is None else _hash(password),
            enabled=enabled,
            created_at=clock.now(),
        )
        with write() as session:
            session.add(account)
        return account.id


def csrf_token(client: FlaskClient, path: str = "/logowanie") -> str:
    """The token of the first form on the page at `path` (or of the page that it leads to)."""
    page = client.get(path, base_url=base_url(client), follow_redirects=True)
    found = TOKEN.search(page.text)
    assert found, f"no form with a token on {path}"
    assert page.status_code == 200
    return found[1]


def log_in(
    client: FlaskClient,
    login: str = "100001",
    password: str = "student",
    *,
    next_page: str | None = None,
    address: str = "127.0.0.1",
) -> TestResponse:
    """Fill in the log-in form and send it; the answer (303 where all was right)."""
    form = {"csrf_token": csrf_token(client), "login": login, "password": password}
    if next_page is not None:
        form["next"] = next_page
    return post(client, "/logowanie", form, address=address)


def post(
    client: FlaskClient, path: str, form: dict[str, str], *, address: str = "127.0.0.1", **headers: str
) -> TestResponse:
    """Send a form from our own pages (browsers send a Referer there, which the CSRF check wants on https)."""
    own = base_url(client)
    return client.post(
        path,
        data=form,
        base_url=own,
        headers={"Referer": own + path} | headers,
        environ_base={"REMOTE_ADDR": address},
    )


def base_url(client: FlaskClient) -> str:
    with client.application.app_context():
        return settings().base_url
