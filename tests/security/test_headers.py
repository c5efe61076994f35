"""Security headers stand on every answer, error pages and files included (security.md 29)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, Response, abort, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.database import db
from portal.web.body_limit import MAX_BODY
from tests.conftest import make_settings

Answer = Callable[[FlaskClient], TestResponse]
ANSWERS: dict[int, Answer] = {
    200: lambda visitor: visitor.get("/"),
    302: lambda visitor: visitor.get("/favicon.ico"),
    400: lambda visitor: visitor.post("/logowanie"),
    404: lambda visitor: visitor.get("/nowhere"),
    405: lambda visitor: visitor.get("/wyloguj"),
    413: lambda visitor: visitor.post("/logowanie", data=b"x" * (MAX_BODY + 1)),
    429: lambda visitor: visitor.get("/try/429"),
    500: lambda visitor: visitor.get("/try/500"),
}


@pytest.fixture
def visitor(app: Flask, failing_on_purpose: None) -> FlaskClient:
    app.add_url_rule("/try/429", "try_429", lambda: abort(429))
    app.add_url_rule("/try/500", "try_500", lambda: str(1 / 0))
    return app.test_client()


@pytest.fixture(params=ANSWERS)
def answer(request: pytest.FixtureRequest, visitor: FlaskClient) -> TestResponse:
    answer = ANSWERS[request.param](visitor)
    assert answer.status_code == request.param
    return answer


def policy(answer: TestResponse) -> dict[str, str]:
    directives = (
        part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";")
    )
    return {name: sources for name, _, sources in directives}


def test_the_content_security_policy_is_closed(answer: TestResponse) -> None:
    csp = policy(answer)
    for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert csp[name] == "'none'"
    assert "unsafe" not in str(csp)
    assert set(csp.values()) == {"'none'", "'self'"}


def test_the_other_headers_are_there(answer: TestResponse) -> None:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert len(answer.headers.getlist("X-Request-Id")) == 1


def test_nothing_is_cached_that_does_not_say_so(answer: TestResponse) -> None:
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_file_under_a_hashed_name_is_cached_and_has_the_headers(app: Flask, visitor: FlaskClient) -> None:
    with app.test_request_context():
        address = app.jinja_env.globals["asset_url"]("app.css")  # type: ignore[operator]
    answer = visitor.get(address)
    assert "immutable" in answer.headers["Cache-Control"]
    assert policy(answer)["default-src"] == "'none'"


def test_an_answer_with_a_cookie_is_never_cached(app: Flask) -> None:
    def careless() -> Response:
        session["x"] = 1
        return Response("mine", headers={"Cache-Control": "public, max-age=600"})

    app.add_url_rule("/try/careless", "try_careless", careless)
    answer = app.test_client().get("/try/careless")
    assert "Set-Cookie" in answer.headers
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_without_https_nobody_is_told_to_use_it(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path / "instance", base_url="http://127.0.0.1:8000"))
    with app.app_context():
        db.create_all()
    answer = app.test_client().get("/")
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers
