"""Nothing is changed without a token of the own session, and nothing by GET (security.md 1 and 2).

The URL map is walked, so that a new route can't be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.security.conftest import CHANGING, OWN_ADDRESS, House, Route
from tests.support.login import csrf_token

Dump = Callable[[], list[str]]
# Which bits a list has told is noted before it is handed out: the 24-hour promise rests on it.
NOTED_BY_READING = 'INSERT INTO "status_lists"'


def is_form(route: Route) -> bool:
    return route.changes and not route.machine


def attempt(client: FlaskClient, route: Route, token: str | None) -> TestResponse:
    (method,) = route.methods & CHANGING
    form = {} if token is None else {"csrf_token": token}
    return client.open(route.path, method=method, data=form, headers={"Referer": OWN_ADDRESS + route.path})


def test_there_are_forms_to_walk(house: House) -> None:
    paths = {route.path.rpartition("/")[0] for route in house.routes(is_form)}
    assert "/dla-studentow/mlegitymacja/uniewaznij" in paths


def test_a_form_without_a_token_is_refused_and_changes_nothing(house: House, written: Dump) -> None:
    before = written()
    for name, client in house.everybody.items():
        for route in house.routes(is_form):
            assert attempt(client, route, None).status_code == 400, f"{name}: {route.path}"
    assert written() == before


def test_a_form_with_somebody_elses_token_is_refused_and_changes_nothing(house: House, written: Dump) -> None:
    foreign = csrf_token(house.stranger, "/pomoc/mlegitymacja")
    before = written()
    for route in house.routes(is_form):
        assert attempt(house.student, route, foreign).status_code == 400, route.path
        assert attempt(house.visitor, route, foreign).status_code == 400, route.path
    assert written() == before


def test_a_good_token_from_another_site_is_refused(house: House, written: Dump) -> None:
    token = csrf_token(house.student, "/pomoc/mlegitymacja")
    before = written()
    for route in house.routes(is_form):
        for referer in ({}, {"Referer": "https://evil.example/"}):
            answer = house.student.post(route.path, data={"csrf_token": token}, headers=referer)
            assert answer.status_code == 400, route.path
    assert written() == before


def test_machine_endpoints_take_no_notice_of_the_cookie(house: House, written: Dump) -> None:
    before = written()
    machine = house.routes(lambda route: route.changes and route.machine)
    assert machine
    for route in machine:
        with_cookie, without = (house.student.post(route.path), house.visitor.post(route.path))
        assert with_cookie.status_code == without.status_code, route.path
        assert "Set-Cookie" not in with_cookie.headers, route.path
        assert "Cookie" not in with_cookie.headers.get("Vary", ""), route.path
    assert written() == before


def test_an_address_that_changes_something_is_not_for_getting(house: House) -> None:
    readable = {route.path for route in house.routes(lambda route: "GET" in route.methods)}
    changing = [route for route in house.routes(lambda r: r.changes) if route.path not in readable]
    assert changing
    for route in changing:
        for method in ("GET", "HEAD"):
            answer = house.student.open(route.path, method=method)
            assert answer.status_code == 405, route.path
            assert "POST" in answer.headers["Allow"], route.path


def test_reading_changes_nothing(house: House, written: Dump) -> None:
    before = [line for line in written() if not line.startswith(NOTED_BY_READING)]
    for name, client in house.everybody.items():
        for route in house.routes(lambda route: "GET" in route.methods):
            for method in ("GET", "HEAD"):
                answer = client.open(route.path, method=method)
                assert answer.status_code < 500, f"{name}: {route.path}"
    assert [line for line in written() if not line.startswith(NOTED_BY_READING)] == before
