"""`flask usosapi consumer …`: the apps that may ask."""

from __future__ import annotations

import pytest
from click.testing import Result
from flask import Flask

from portal.database import db
from portal.usosapi.models import Consumer
from tests.conftest import MovingClock
from tests.usosapi.client import REQUEST, Phone


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["usosapi", "consumer", *words])


def told(result: Result) -> dict[str, str]:
    assert result.exit_code == 0, result.output
    return dict(line.split("\t") for line in result.stdout.splitlines())


def test_key_and_secret_are_told_once_and_work(app: Flask, clock: MovingClock) -> None:
    new = told(run(app, "add", "Mobilny USOS PB", "--callback", "https://app.example.org/done"))
    phone = Phone(app, clock, new["key"], new["secret"])
    assert phone.ask("https://app.example.org/done")
    listed = run(app, "list").stdout
    assert listed == (
        f"{new['id']}\tMobilny USOS PB\thttps://app.example.org/done\tcards|studies|offline_access\t2026-11-20\t0\n"
    )


def test_key_and_secret_cannot_be_read_in_the_database(app: Flask) -> None:
    new = told(run(app, "add", "Aplikacja"))
    with app.app_context():
        row = db.session.query(Consumer).one()
        raw = db.session.connection().exec_driver_sql("SELECT * FROM usosapi_consumers").one()
    assert row.secret == new["secret"]
    assert new["key"] not in str(raw)
    assert new["secret"] not in str(raw)


def test_an_app_may_ask_for_what_it_was_registered_with_alone(app: Flask, clock: MovingClock) -> None:
    new = told(run(app, "add", "Aplikacja", "--scopes", "cards|photo"))
    phone = Phone(app, clock, new["key"], new["secret"])
    assert phone.ask(scopes="photo")
    phone.token = phone.token_secret = ""
    answer = phone.session(callback_uri="oob").post(REQUEST, data={"scopes": "cards|personal"})
    assert (answer.status_code, answer.json()["error"]) == (403, "param_forbidden")
    assert "personal" in answer.json()["message"]


def test_an_app_is_removed_by_its_id(app: Flask) -> None:
    new = told(run(app, "add", "Aplikacja"))
    assert run(app, "remove", new["id"]).exit_code == 0
    assert run(app, "list").stdout == ""
    again = run(app, "remove", new["id"])
    assert (again.exit_code, again.output) == (1, "Error: There is no such app.\n")


@pytest.mark.parametrize(
    "callback",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "app.example.org",
        "https://app.example.org/a#b",
        "https://*.example.org/",
        "https://app.example.org/a; script-src *",
        "https://user@app.example.org/",
        "https://app.example.org/\nX: y",
        "https://",
        "file:///etc/passwd",
        "org.example.app:",
        "https://app.example.org/" + "a" * 300,
    ],
)
def test_a_callback_that_no_browser_should_be_led_to_is_refused(app: Flask, callback: str) -> None:
    result = run(app, "add", "Aplikacja", "--callback", callback)
    assert result.exit_code == 2
    assert "callback" in result.output


@pytest.mark.parametrize(
    "words", [("",), ("a" * 81,), ("a\x1b[0m",), ("Aplikacja", "--scopes", "cards|world")]
)
def test_a_name_or_scope_that_cannot_be_is_refused(app: Flask, words: tuple[str, ...]) -> None:
    assert run(app, "add", *words).exit_code == 2
