"""What monitors and load balancers are told, and who may ask."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import create_app
from portal.database import write
from portal.settings import Settings
from tests.conftest import make_settings
from tests.support.pages import CheckedClient

BALANCER = "10.0.0.5"


@pytest.fixture
def settings(instance: Path) -> Settings:
    return make_settings(instance, trusted_proxies=(ip_network("10.0.0.0/24"),))


def test_a_process_is_live_even_without_its_database(settings: Settings) -> None:
    lost = create_app(replace(settings, database_url="sqlite:////nowhere/at/all.sqlite")).test_client()
    assert lost.get("/healthz/live").status_code == 200
    assert lost.get("/healthz/ready").status_code == 503


def test_a_process_that_can_serve_is_ready(client: CheckedClient) -> None:
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert set(answer.json["checks"]) == {"database", "migrations", "keys", "issuer's key"}


@pytest.mark.parametrize(
    ("revision", "status", "said"),
    [
        ("0001", 503, "run  flask db upgrade"),
        ("9999", 200, "the database is newer than this program"),
    ],
)
def test_the_database_may_be_ahead_of_the_program_but_not_behind(
    client: CheckedClient, revision: str, status: int, said: str
) -> None:
    with client.application.app_context(), write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    answer = client.get("/healthz/ready")
    assert answer.status_code == status
    assert said in answer.json["checks"]["migrations"]["detail"]


def test_without_its_keys_a_process_is_not_ready(client: CheckedClient, instance: Path) -> None:
    (instance / "keys" / "encryption").rename(instance / "elsewhere")
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json["checks"]["keys"] == {"ok": False, "detail": "the encryption keys cannot be read"}


def test_an_engine_in_trouble_takes_no_pages_away(client: CheckedClient) -> None:
    client.application.extensions["portal.health"].append(("engine", lambda: (False, "no pulse")))
    assert client.get("/healthz").status_code == 503
    assert client.get("/healthz/ready").status_code == 200


@pytest.mark.parametrize(
    ("address", "answered"),
    [
        ("127.0.0.1", {"/healthz", "/healthz/live", "/healthz/ready", "/metrics"}),
        (BALANCER, {"/healthz/live", "/healthz/ready"}),
        ("192.0.2.7", set()),
    ],
)
def test_who_may_ask(app: Flask, address: str, answered: set[str]) -> None:
    paths = ("/healthz", "/healthz/live", "/healthz/ready", "/metrics")
    for host in ("legitymacja.example.org", "backend:8000"):
        asked = {"environ_base": {"REMOTE_ADDR": address}, "headers": {"Host": host}}
        got = {path for path in paths if app.test_client().get(path, **asked).status_code == 200}
        assert got == answered
