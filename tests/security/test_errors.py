"""Error answers: in the visitor's language, with an id, and nothing of the inside (security.md 31)."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from portal import create_app
from portal.database import db, write
from tests.support.login import csrf_token, log_in, make_account, post
from tests.support.people import make_student

INSIDE = (
    "Traceback",
    "sqlalchemy",
    "sqlite",
    "no such table",
    "accounts",
    ".py",
    "Werkzeug",
    "Internal Server",
)


@pytest.fixture
def broken(app: Flask, failing_on_purpose: None) -> FlaskClient:
    """A visitor of a portal whose database has lost a table."""
    with app.app_context(), write() as session:
        session.execute(text("DROP TABLE account_sessions"))
        session.execute(text("DROP TABLE accounts"))
    return app.test_client()


@pytest.fixture
def unreachable(app: Flask, instance: Path, failing_on_purpose: None) -> FlaskClient:
    """A visitor of a portal whose database has gone."""
    with app.app_context():
        db.engine.dispose()
    for file in instance.glob("portal.sqlite*"):
        file.unlink()
    (instance / "portal.sqlite").mkdir()
    return app.test_client()


@pytest.mark.parametrize(
    ("language", "title"), [("pl", "Coś poszło nie tak"), ("en", "Something went wrong")]
)
def test_a_500_is_a_page_in_the_visitors_language(broken: FlaskClient, language: str, title: str) -> None:
    token = csrf_token(broken)
    form = {"csrf_token": token, "login": "100001", "password": "x"}
    answer = post(broken, "/logowanie", form, **{"Accept-Language": language})
    assert answer.status_code == 500
    assert title in answer.text
    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert not [word for word in INSIDE if word in answer.text]


def test_a_500_is_in_the_log_under_its_id(broken: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    form = {"csrf_token": csrf_token(broken), "login": "100001", "password": "very secret"}
    answer = post(broken, "/logowanie", form)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if " ERROR " in line]
    assert f"[{answer.headers['X-Request-Id']}]" in line
    assert "accounts.log_in" in line
    assert "very secret" not in line
    assert "100001" not in line


def test_a_visitor_cannot_choose_the_id(visitor: FlaskClient) -> None:
    first = visitor.get("/", headers={"X-Request-Id": "mine"}).headers.getlist("X-Request-Id")
    second = visitor.get("/").headers.getlist("X-Request-Id")
    assert len({*first, *second, "mine"}) == 3


def test_an_unreachable_database_is_503_with_a_time_to_wait(unreachable: FlaskClient) -> None:
    form = {"csrf_token": csrf_token(unreachable), "login": "100001", "password": "x"}
    answer = post(unreachable, "/logowanie", form)
    assert answer.status_code == 503
    assert "chwilowo niedostępny" in answer.text
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("failing_on_purpose")
def test_somebody_logged_in_gets_an_error_page_though_it_cannot_be_read_who_it_is(app: Flask) -> None:
    make_account(app, make_student(app))
    student = app.test_client()
    log_in(student)
    with app.app_context(), write() as session:
        session.execute(text("ALTER TABLE account_sessions RENAME TO gone"))
    answer = student.get("/dla-studentow/mlegitymacja")
    assert answer.status_code == 500
    assert "<h1>Coś poszło nie tak po naszej stronie</h1>" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.usefixtures("failing_on_purpose")
def test_a_failure_after_the_view_is_logged_without_the_path(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    app.add_url_rule("/try/<token>", "try_token", lambda token: token)

    def fail(_response: object) -> None:
        raise ValueError("44051401359")

    app.after_request(fail)  # type: ignore[type-var]
    assert app.test_client().get("/try/a-secret-token").status_code == 500
    written = capsys.readouterr().err
    assert "ValueError at " in written
    assert "a-secret-token" not in written
    assert "44051401359" not in written


@pytest.mark.usefixtures("failing_on_purpose")
def test_debugging_stays_off_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:

    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(settings)  # type: ignore[arg-type]
    app.add_url_rule("/try/500", "try_500", lambda: str(1 / 0))
    assert not app.debug
    assert "ZeroDivisionError" not in app.test_client().get("/try/500").text


def test_a_machine_gets_json(visitor: FlaskClient) -> None:
    answer = visitor.get("/oid4vci/nowhere")
    assert answer.status_code == 404
    assert answer.json == {
        "error": "not_found",
        "message": "Not Found",
        "request_id": answer.headers["X-Request-Id"],
    }


def test_htmx_gets_the_status_alone(visitor: FlaskClient) -> None:
    answer = visitor.get("/nowhere", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (404, "")


def test_an_expired_form_says_so(visitor: FlaskClient) -> None:
    answer = visitor.post("/logowanie", data={"login": "100001"})
    assert answer.status_code == 400
    assert "Formularz wygasł" in answer.text


def test_a_views_own_sentence_is_shown(app: Flask) -> None:
    app.add_url_rule("/try/sentence", "try_sentence", lambda: abort(409, _l("Please log in")))
    answer = app.test_client().get("/try/sentence")
    assert answer.status_code == 409
    assert "<p>Zaloguj się</p>" in answer.text.replace(' class="lead"', "")


def test_headers_that_belong_to_the_status_are_kept(visitor: FlaskClient) -> None:
    assert "POST" in visitor.get("/wyloguj").headers["Allow"]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 413, 418, 429, 500, 501, 503])
@pytest.mark.parametrize("language", ["pl", "en"])
def test_every_error_page_is_a_whole_valid_page(
    app: Flask, client: FlaskClient, code: int, language: str
) -> None:
    app.add_url_rule(f"/try/{code}", f"try_{code}", lambda: abort(code))
    answer = client.get(f"/try/{code}", headers={"Accept-Language": language})
    assert answer.status_code == code
    assert f'<html lang="{language}"' in answer.text


@pytest.mark.usefixtures("failing_on_purpose")
def test_an_error_page_that_cannot_be_made_is_replaced_by_a_bare_one(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    del app.jinja_env.globals["asset_url"]
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>Nie ma takiej strony</h1>" in answer.text
    assert "the error page could not be made" in caplog.text
