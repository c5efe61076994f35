"""Who may see what (security.md 3, 4 and 28), by walking the URL map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.audit import AuditRecord
from portal.database import db
from tests.security.conftest import House, Route, send
from tests.support.login import TOKEN

Dump = Callable[[], list[str]]
STARTS = {"/dla-studentow": "student", "/dziekanat": "staff"}
"""The areas that need a role, whoever writes their views."""
# Files, and what the standards want everybody to read and keep: the same for whoever asks.
CACHEABLE = ("/zasoby/", "/sw.js", "/.well-known/", "/vct/", "/status-lists/", "/oid4vci/logo.svg")


NO_ORDER = "0" * 32


def for_one_role(route: Route) -> bool:
    return route.required_role in ("student", "staff")


def answers(client: FlaskClient, route: Route) -> list[TestResponse]:
    """What this route answers to every method that it has."""
    read = [client.get(route.path)] if "GET" in route.methods else []
    return read + ([send(client, route.path)] if route.changes else [])


def test_every_page_of_an_area_asks_for_its_role(house: House) -> None:
    for start, role in STARTS.items():
        for route in house.routes(lambda route, start=start: route.path.startswith(start)):  # type: ignore[misc]
            assert route.required_role == role, route.path


def test_a_visitor_is_led_to_the_log_in(house: House) -> None:
    guarded = house.routes(lambda route: route.required_role is not None)
    assert guarded
    for route in guarded:
        for answer in answers(house.visitor, route):
            assert answer.status_code == 303, route.path
            assert answer.location.startswith("/logowanie"), route.path


def test_a_visitors_poll_is_told_to_leave_the_page(house: House) -> None:
    for route in house.routes(lambda route: route.required_role is not None and "GET" in route.methods):
        answer = house.visitor.get(route.path, headers={"HX-Request": "true"})
        assert answer.status_code == 401, route.path
        assert answer.headers["HX-Redirect"].startswith("/logowanie"), route.path
        assert answer.text == "", route.path


def test_the_other_role_is_refused_and_that_is_in_the_audit(house: House, written: Dump) -> None:
    before = written()
    others = {"student": house.staff, "staff": house.student}
    refused = []
    for route in house.routes(for_one_role):
        for answer in answers(others[route.required_role or ""], route):
            assert answer.status_code == 403, route.path
            refused.append(route.endpoint)
    with house.app.app_context():
        denied = db.session.query(AuditRecord).filter_by(event="access_denied").order_by(AuditRecord.id)
        assert [row.detail for row in denied] == refused
    assert refused
    assert written() == before


def body(answer: TestResponse) -> str:
    """The answer without what is another each time: the request's id, and the form's token."""
    return TOKEN.sub("", answer.text.replace(answer.headers["X-Request-Id"], ""))


def test_what_is_not_ones_own_looks_like_what_does_not_exist(house: House, written: Dump) -> None:
    before = written()
    of_an_order = house.routes(lambda route: house.order_id in route.path)
    assert of_an_order
    for route in of_an_order:
        nowhere = replace(route, path=route.path.replace(house.order_id, NO_ORDER))
        for foreign, unknown in zip(
            answers(house.stranger, route), answers(house.stranger, nowhere), strict=True
        ):
            assert foreign.status_code == unknown.status_code == 404, route.path
            assert body(foreign).replace(house.order_id, NO_ORDER) == body(unknown), route.path
    assert written() == before


def test_the_same_walk_leads_the_owner_in(house: House) -> None:
    """So that the test before can't pass by asking wrongly."""
    for route in house.routes(lambda route: house.order_id in route.path and "GET" in route.methods):
        assert house.student.get(route.path).status_code in (200, 303), route.path


def test_codes_and_pesel_are_shown_to_nobody_else(house: House) -> None:
    offer = house.offer()
    secrets = (offer.activation_code, offer.uri, offer.uri.rpartition("%2F")[2], house.pesel)
    assert any(shows(answer, offer.uri) for answer in walked(house, house.student))
    for name in ("stranger", "staff", "visitor"):
        for answer in walked(house, house.everybody[name]):
            assert not [secret for secret in secrets if shows(answer, secret)], (name, answer.request.path)


def shows(answer: TestResponse, secret: str) -> bool:
    """Also where the answer is a picture."""
    return secret.encode() in answer.data


def walked(house: House, client: FlaskClient) -> list[TestResponse]:
    return [client.get(route.path) for route in house.routes(lambda route: "GET" in route.methods)]


def test_nobodys_page_shows_a_whole_pesel(house: House) -> None:
    assert not [answer.request.path for answer in walked(house, house.student) if shows(answer, house.pesel)]


def test_what_somebody_logged_in_sees_is_never_kept(house: House) -> None:
    for client in (house.student, house.staff):
        for route in house.routes(lambda route: not route.path.startswith(CACHEABLE)):
            for answer in [*answers(client, route), client.get(route.path + "/nowhere")]:
                assert "no-store" in answer.headers["Cache-Control"], route.path


def test_what_may_be_kept_is_the_same_for_everybody(house: House) -> None:
    kept = house.routes(lambda route: route.path.startswith(CACHEABLE))
    assert kept
    for route in kept:
        mine, anybodys = house.student.get(route.path), house.visitor.get(route.path)
        assert body(mine) == body(anybodys), route.path
        assert "Set-Cookie" not in mine.headers, route.path
