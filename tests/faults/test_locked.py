"""The SQLite file is locked by another process: reading goes on, writers are told to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.faults.test_server_process import until
from tests.support.database_file import ask, locked, what_is_wrong
from tests.support.server import Server
from tests.support.tab import PAGE, Tab

pytestmark = pytest.mark.faults

Found = Callable[..., Server]

WATCHING, EXPIRING, FIRST, SECOND, THIRD = ("100001", "100003", "100005", "100006", "100007")


@pytest.fixture(scope="module")
def server(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = found(tmp_path_factory.mktemp("locked"))
    server.start()
    yield server
    server.kill()


def ready(server: Server, login: str) -> Tab:
    """A student whose card waits to be collected."""
    tab = Tab(server, login)
    assert tab.order().status_code == 303
    until(lambda: tab.status == "ready")
    return tab


def make_codes_run_out(server: Server) -> None:
    """So that the sweep has something to write."""
    ask(
        server.instance,
        "UPDATE orders SET due_at = '2020-01-01 00:00:00' WHERE id = (SELECT max(id) FROM orders)",
    )


def log_in(tab: Tab) -> requests.Response:
    return tab.post("/logowanie", login=THIRD, password="student")


def ask_for_a_token(server: Server, uri: str) -> requests.Response:
    offer = requests.get(uri, timeout=30).json()
    grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
    code = offer["grants"][grant]["pre-authorized_code"]
    form = {"grant_type": grant, "pre-authorized_code": code, "tx_code": "00000000"}
    return requests.post(f"{server.url}/oid4vci/token", data=form, timeout=30)


def test_reading_goes_on_while_writers_are_told_to_come_back(server: Server) -> None:
    watching, first, second = ready(server, WATCHING), Tab(server, FIRST), Tab(server, SECOND)
    ready(server, EXPIRING)
    codes = watching.codes()
    assert codes is not None
    uri = requests.compat.unquote(codes[0].partition("=")[2])  # type: ignore[attr-defined]
    with ThreadPoolExecutor(4) as crowd:
        make_codes_run_out(server)
        with locked(server.instance):
            asked = [crowd.submit(tab.order) for tab in (first, second)]
            asked += [crowd.submit(log_in, first), crowd.submit(ask_for_a_token, server, uri)]
            read = [watching.get(PAGE).status_code, watching.poll().status_code, watching.status]
            waits = not all(one.done() for one in asked)
            answers = [one.result() for one in asked]
    assert read[0] == 200
    assert read[1] in (200, 204)
    assert read[2] == "ready"
    assert waits, "the page was there while writers still waited"
    assert [answer.status_code for answer in answers] == [503] * 4
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert all("chwilowo niedostępny" in answer.text for answer in answers[:3])


def test_when_it_is_free_again_all_goes_on_by_itself(server: Server) -> None:
    tab = Tab(server, FIRST)
    assert tab.order().status_code == 303
    until(lambda: tab.status == "ready")
    until(lambda: Tab(server, EXPIRING).status == "expired")
    assert server.log.count("issuance thread waits") == 1
    assert "Traceback" not in server.log
    assert what_is_wrong(server) == []
