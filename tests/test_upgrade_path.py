"""From the first release to this one: what was there goes on, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from portal import create_app
from portal.database import db
from tests.conftest import MovingClock, make_settings
from tests.support.doctor import well
from tests.support.first_release import HISTORIES, HOLDER, PASSWORD, FirstRelease
from tests.support.login import csrf_token, log_in, post
from tests.support.postgres import Cluster
from tests.support.wallet import FlaskHttp, Wallet, decode_status_list, get_status

PAGE = "/dla-studentow/mlegitymacja"
MINE = list(HISTORIES).index(HOLDER) + 1


@pytest.fixture(params=["sqlite", "postgresql"])
def first(request: pytest.FixtureRequest, tmp_path: Path, clock: MovingClock) -> Iterator[Flask]:
    """A portal of the first release, with an order in every status."""
    url = ""
    if request.param == "postgresql":
        postgres: Cluster = request.getfixturevalue("postgres")
        url = postgres.url(postgres.create())
    instance = tmp_path / "instance"
    app = create_app(make_settings(instance, database_url=url), time=clock)
    with app.app_context():
        upgrade(revision="0001")
        with db.engine.begin() as connection:
            FirstRelease(connection, instance).fill()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def upgraded(first: Flask) -> Flask:
    with first.app_context():
        upgrade()
    return first


def on_the_list(app: Flask, clock: MovingClock) -> dict[int, int]:
    """What inspectors are told of each copy that was ever issued, by its card."""
    wallet = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
    said = wallet.status_list("https://legitymacja.example.org/status-lists/1")["status_list"]
    packed = decode_status_list(said["lst"])
    with app.app_context():
        copies = db.session.execute(text("SELECT card_id, idx FROM issued_copies")).all()
    return {card_id: get_status(packed, idx, bits=1) for card_id, idx in copies}


def test_doctor_is_content_with_what_the_first_release_left(upgraded: Flask) -> None:
    assert well(upgraded)


def test_the_student_finds_the_card_and_can_revoke_it(upgraded: Flask, clock: MovingClock) -> None:
    before = on_the_list(upgraded, clock)
    client = upgraded.test_client()
    assert log_in(client, HOLDER, PASSWORD).status_code == 303
    token = csrf_token(client, PAGE)
    assert post(client, f"{PAGE}/uniewaznij/{MINE:032x}", {"csrf_token": token}).status_code == 303
    assert on_the_list(upgraded, clock) == before | {MINE: 1}
    assert before[MINE] == 0
    assert well(upgraded)


def test_a_backup_of_the_first_release_comes_back_as_this_one(
    first: Flask, tmp_path: Path, clock: MovingClock
) -> None:
    kept = str(tmp_path / "kept")
    made = first.test_cli_runner().invoke(args=["backup", kept])
    assert "rows at migration 0001" in made.output
    other = create_app(make_settings(tmp_path / "elsewhere"), time=clock)
    restored = other.test_cli_runner().invoke(args=["restore", kept])
    assert "ok       orders: 10 orders with their history\n" in restored.output
    assert on_the_list(other, clock)[MINE] == 0
    with other.app_context():
        db.engine.dispose()
