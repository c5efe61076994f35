"""One of its kind: among the processes of an instance directory, or of a PostgreSQL database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import create_app
from portal.database import unpooled
from portal.orders import alone
from portal.orders.alone import Held
from portal.orders.pulse import Pulse
from portal.settings import Settings
from tests.conftest import make_settings


@pytest.fixture
def other_app(app: Flask, settings: Settings, tmp_path: Path) -> Flask:
    """Another process; on PostgreSQL on another machine, too."""
    elsewhere = replace(settings, instance_dir=tmp_path / "elsewhere") if settings.database_url else settings
    return create_app(elsewhere)


@pytest.fixture
def heart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    monkeypatch.setattr(alone, "ASK_AGAIN_AFTER", 0.01)
    pulse = Pulse()
    yield pulse
    pulse.stop()


def hold(app: Flask, heart: Pulse) -> Held:
    held = alone.hold(app, "test", heart, "tests")
    assert held is not None
    return held


def test_another_process_waits_until_the_lock_is_given_up(
    app: Flask, other_app: Flask, heart: Pulse, caplog: pytest.LogCaptureFixture
) -> None:
    got = threading.Event()

    def wait_and_take() -> None:
        with hold(other_app, heart):
            got.set()

    thread = threading.Thread(target=wait_and_take)
    with hold(app, heart) as held:
        thread.start()
        assert not got.wait(0.1)
        assert held.still_held()
    assert got.wait(10)
    thread.join()
    assert [r.message for r in caplog.records] == ["another process tests already; this one waits"]


def test_who_ends_while_it_waits_gets_nothing(app: Flask, other_app: Flask, heart: Pulse) -> None:
    ending = Pulse()
    ending.stop()
    with hold(app, heart):
        assert alone.hold(other_app, "test", ending, "tests") is None


def test_a_lock_that_the_server_dropped_is_lost_and_another_process_gets_it(
    instance: Path, postgres_url: str, heart: Pulse
) -> None:
    app, other_app = (create_app(make_settings(instance, database_url=postgres_url)) for _number in range(2))
    with hold(app, heart) as held:
        with unpooled(postgres_url).connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            )
        with hold(other_app, heart) as others:
            assert others.still_held()
            assert not held.still_held()
