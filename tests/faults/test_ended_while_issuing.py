"""The process ends, or is killed, while an issuer takes its time: no order waits for the end of its lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.test_server_process import until
from tests.support.database_file import ask, what_is_wrong
from tests.support.elsewhere import Office
from tests.support.server import Server
from tests.support.tab import Tab

pytestmark = pytest.mark.faults


def end(server: Server) -> None:
    """It finds the time to give back what it is at."""
    server.stop()
    assert "issuance thread ended before the issuer answered" in server.log
    assert ask(server.instance, "SELECT status FROM orders") == [("waiting",)]


def kill(server: Server) -> None:
    server.kill()
    assert ask(server.instance, "SELECT status FROM orders") == [("in_progress",)]


@pytest.mark.parametrize("how", [end, kill])
def test_what_was_being_issued_is_taken_up_by_the_next_process_at_once(
    found: Callable[..., Server], tmp_path: Path, how: Callable[[Server], None]
) -> None:
    office, hangs, asked = Office(tmp_path / "elsewhere.sqlite"), threading.Event(), threading.Event()

    def hang(method: str) -> str:
        if method == "POST":
            asked.set()
            hangs.wait(60)
        return ""

    office.trouble = hang
    server = found(tmp_path, TEST_ISSUER=office.url, TEST_PATIENCE="30")
    server.application = "tests.support.wrong_wsgi:app"
    server.start()
    Tab(server, "100001").order()
    assert asked.wait(10)
    how(server)
    hangs.set()
    server.start()
    # Well before the lease of a minute would have ended.
    until(lambda: ask(server.instance, "SELECT status FROM orders") == [("ready",)], seconds=20)
    server.stop()
    assert len(office.live) == 1
    assert what_is_wrong(server) == []
    office.close()
