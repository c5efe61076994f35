"""The session's cookie is for this host alone, out of scripts' and other sites' reach (security.md 11)."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from tests.conftest import make_settings
from tests.security.conftest import somebody
from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.people import make_student


def cookies(answer: TestResponse) -> list[tuple[str, set[str]]]:
    """Name and attributes of each cookie that the answer sets."""
    found = []
    for header in answer.headers.getlist("Set-Cookie"):
        pair, *attributes = (part.strip() for part in header.split(";"))
        found.append((pair.partition("=")[0], {attribute.lower() for attribute in attributes}))
    return found


def test_on_https_every_cookie_is_bound_to_the_host(app: Flask, visitor: FlaskClient) -> None:
    make_account(app, make_student(app))
    set_by = [visitor.get("/logowanie"), log_in(visitor)]
    token = csrf_token(visitor, "/pomoc/mlegitymacja")
    set_by.append(post(visitor, "/jezyk", {"csrf_token": token, "language": "en"}))
    found = [cookie for answer in set_by for cookie in cookies(answer)]
    assert len(found) >= 3
    for name, attributes in found:
        assert name.startswith("__Host-")
        assert {"httponly", "samesite=lax", "secure", "path=/"} <= attributes
        assert not [attribute for attribute in attributes if attribute.startswith("domain")]


def test_without_https_they_are_still_out_of_reach(instance: Path) -> None:
    app = create_app(make_settings(instance, base_url="http://127.0.0.1:8000"))
    ((name, attributes),) = cookies(app.test_client().get("/logowanie"))
    assert not name.startswith("__Host-")
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert "secure" not in attributes


def test_the_cookie_says_nothing_about_its_owner(app: Flask) -> None:
    client, student_id = somebody(app, "100001")
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"], domain="legitymacja.example.org")
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert cookie is not None
    assert serializer is not None
    held = serializer.loads(cookie.value)
    assert held
    assert not [value for value in held.values() if value in ("100001", student_id, str(student_id))]


def test_reading_a_page_sets_the_cookie_anew_only_where_it_changes(app: Flask) -> None:
    client, _ = somebody(app, "100001")
    client.get("/dla-studentow/mlegitymacja")
    assert cookies(client.get("/dla-studentow/mlegitymacja")) == []
