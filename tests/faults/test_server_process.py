"""The real server's process: ends when told, comes back with everything, and is the only one to issue."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.support.pages import csrf_of
from tests.support.server import Server
from tests.support.tab import Tab

PAGE = "/dla-studentow/mlegitymacja"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(tmp_path_factory.mktemp("process") / "instance", PYTHONFAULTHANDLER="1")
    server.prepare()
    return server


@pytest.fixture
def server(prepared: Server) -> Iterator[Server]:
    prepared.start()
    yield prepared
    if prepared.process is not None and prepared.process.poll() is None:
        prepared.kill()


class Browser:
    """Just enough of one to log in and order."""

    def __init__(self, server: Server, login: str) -> None:
        self.url, self.session = server.url, requests.Session()
        form = {"csrf_token": csrf_of(self.get("/logowanie")), "login": login, "password": "student"}
        self.post("/logowanie", **form)

    def get(self, path: str) -> str:
        answer = self.session.get(self.url + path, timeout=10)
        assert answer.status_code == 200
        return answer.text

    def post(self, path: str, **form: str) -> None:
        answer = self.session.post(
            self.url + path,
            data=form,
            headers={"Referer": self.url + path},
            allow_redirects=False,
            timeout=10,
        )
        assert answer.status_code == 303, answer.text

    def order(self) -> None:
        self.post(PAGE + "/zamow", csrf_token=csrf_of(self.get(PAGE)))


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def statuses(instance: Path) -> list[str]:
    with sqlite3.connect(instance / "portal.sqlite") as connection:
        return [row[0] for row in connection.execute("SELECT status FROM orders ORDER BY id")]


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_when_told_to_and_its_thread_with_it(server: Server, how: signal.Signals) -> None:
    until(lambda: "issuance thread started" in server.log)
    server.stop(how)
    assert "issuance thread ended" in server.log


@pytest.mark.faults
def test_a_worker_whose_server_was_killed_ends_too(server: Server) -> None:
    until(lambda: "issuance thread started" in server.log)
    server.stop(signal.SIGKILL)
    assert "so this worker ends" in server.log


@pytest.mark.faults
def test_what_was_confirmed_survives_kill_9_and_is_issued_by_the_next_process(server: Server) -> None:
    Browser(server, "100005").order()
    server.kill()
    assert len(statuses(server.instance)) == 1, "the student was told that it is ordered"
    server.start()
    # A claim that the kill cut off waits for the end of its lease, a minute; most often there is none.
    until(lambda: statuses(server.instance) == ["ready"], seconds=75)


@pytest.mark.faults
def test_a_second_process_on_the_same_directory_serves_but_does_not_issue(server: Server) -> None:
    second = Server(server.instance)
    second.start()
    try:
        until(lambda: "this one waits" in second.log)
        Browser(second, "100006").order()
        until(lambda: statuses(server.instance)[-1] == "ready")
    finally:
        second.stop()
    assert "issuance thread started" not in second.log


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="threads can't be bound to a core here")
def test_threads_that_answer_share_a_core_and_the_others_run_on_any(server: Server) -> None:
    allowed = os.sched_getaffinity(0)
    Browser(server, "100007")
    assert server.process is not None
    workers = psutil.Process(server.process.pid).children(recursive=True)
    threads = [thread.id for worker in workers for thread in worker.threads()]
    bound = [cores for cores in map(os.sched_getaffinity, threads) if cores != allowed]
    assert len(set(map(frozenset, bound))) == (1 if len(allowed) > 1 else 0)
    assert all(len(cores) == 1 for cores in bound)
    assert len(bound) < len(threads)


@pytest.mark.faults
def test_the_threads_that_answered_polls_end_without_taking_the_process_along(server: Server) -> None:
    """A thread that ends (idle ones do) must not close its connection while its state is torn down."""
    tab = Tab(server, "100008")
    tab.order()
    assert {tab.poll().status_code for _ in range(3)} <= {200, 204}
    server.stop()
    assert "Fatal Python error" not in server.log
