"""Only the portal's own host is served, and only a trusted proxy may say who asks (security.md 25)."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from flask import Flask, request, url_for
from flask.testing import FlaskClient

from portal import create_app
from portal.database import db
from tests.conftest import make_settings

PROXY = "10.0.0.1"


def portal(tmp_path: Path, **changes: object) -> FlaskClient:
    app = create_app(make_settings(tmp_path / "instance", **changes))
    app.add_url_rule("/try/address", "try_address", lambda: request.remote_addr or "")
    app.add_url_rule("/try/url", "try_url", lambda: url_for("pages.start", _external=True))
    with app.app_context():
        db.create_all()
    return app.test_client()


@pytest.fixture
def trusting(tmp_path: Path) -> FlaskClient:
    return portal(tmp_path, trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1")))


@pytest.fixture
def demo(tmp_path: Path) -> FlaskClient:
    return portal(tmp_path, demo=True, base_url="http://127.0.0.1:8123")


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "legitymacja.example.org.evil.example", "legitymacja.example.org:8443"),
        *("x@legitymacja.example.org", "", "localhost", "legitymacja.example.org, evil.example"),
    ],
)
def test_a_foreign_host_is_refused(visitor: FlaskClient, host: str) -> None:
    answer = visitor.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["legitymacja.example.org", "LEGITYMACJA.example.org:443"])
def test_the_own_host_is_served(visitor: FlaskClient, host: str) -> None:
    assert visitor.get("/", headers={"Host": host}).status_code == 200


def test_absolute_addresses_come_from_the_base_url_alone(trusting: FlaskClient) -> None:
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "81", "X-Forwarded-Prefix": "/evil"}
    answer = trusting.get("/try/url", headers=headers, environ_base={"REMOTE_ADDR": PROXY})
    assert answer.text == "https://legitymacja.example.org/"


def test_addresses_made_outside_a_request_are_the_same(app: Flask) -> None:
    with app.app_context():
        assert url_for("pages.start", _external=True) == "https://legitymacja.example.org/"


def test_an_untrusted_peer_cannot_choose_its_address_or_host(trusting: FlaskClient) -> None:
    headers = {"X-Forwarded-For": "192.0.2.1", "X-Real-Ip": "192.0.2.1", "X-Forwarded-Host": "evil.example"}
    answer = trusting.get("/try/address", headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert (answer.status_code, answer.text) == (200, "203.0.113.9")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("192.0.2.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.3", "10.0.0.3"),
        ("203.0.113.9, <script>", PROXY),
        ("2001:db8::7", "2001:db8::7"),
        ("", PROXY),
    ],
)
def test_a_trusted_proxy_says_who_asks(trusting: FlaskClient, chain: str, client: str) -> None:
    headers = {"X-Forwarded-For": chain}
    answer = trusting.get("/try/address", headers=headers, environ_base={"REMOTE_ADDR": PROXY})
    assert answer.text == client


def test_a_proxy_by_a_unix_socket_is_trusted(tmp_path: Path) -> None:
    peer = {"REMOTE_ADDR": ""}
    client = portal(tmp_path)
    headers = {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/try/address", headers=headers, environ_base=peer).text == "203.0.113.9"
    assert client.get("/try/address", environ_base=peer).text == "127.0.0.1"


def test_only_a_trusted_proxy_names_the_request(trusting: FlaskClient) -> None:
    given = {"X-Request-ID": "0123456789abcdef"}
    near = trusting.get("/", headers=given, environ_base={"REMOTE_ADDR": PROXY})
    far = trusting.get("/", headers=given, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    odd = trusting.get("/", headers={"X-Request-ID": "<b> x</b>"}, environ_base={"REMOTE_ADDR": PROXY})
    assert near.headers["X-Request-Id"] == "0123456789abcdef"
    assert far.headers["X-Request-Id"] != "0123456789abcdef"
    assert "<" not in odd.headers["X-Request-Id"]


def test_a_trusted_proxy_cannot_let_a_foreign_host_in(trusting: FlaskClient) -> None:
    headers = {"X-Forwarded-Host": "evil.example"}
    assert trusting.get("/", headers=headers, environ_base={"REMOTE_ADDR": PROXY}).status_code == 400


def test_a_trusted_proxy_may_ask_by_another_name_for_the_own_host(trusting: FlaskClient) -> None:
    headers = {"Host": "backend:8000", "X-Forwarded-Host": "legitymacja.example.org"}
    assert trusting.get("/", headers=headers, environ_base={"REMOTE_ADDR": PROXY}).status_code == 200


def test_a_monitor_on_the_same_machine_may_call_it_anything(visitor: FlaskClient) -> None:
    headers = {"Host": "backend:8000"}
    near = visitor.get("/healthz", headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    far = visitor.get("/healthz", headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert near.status_code != 400
    assert far.status_code == 400


def test_the_demonstration_leads_localhost_to_its_own_address(demo: FlaskClient) -> None:
    answer = demo.get("/pomoc/mlegitymacja?x=ą&y=%2F", headers={"Host": "localhost:8123"})
    assert answer.status_code == 307
    assert answer.location == "http://127.0.0.1:8123/pomoc/mlegitymacja?x=%C4%85&y=%2F"


def test_the_demonstration_leads_nobody_elsewhere(demo: FlaskClient) -> None:
    path = {"PATH_INFO": "//evil.example/x"}
    answer = demo.get("/", headers={"Host": "localhost"}, environ_overrides=path)
    assert answer.location == "http://127.0.0.1:8123//evil.example/x"
    assert demo.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert demo.post("/wyloguj", headers={"Host": "localhost"}).status_code == 400
