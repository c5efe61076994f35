"""Two web processes on one SQLite file take orders at once: nothing lost, and everybody gets an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.test_server_process import until
from tests.support.database_file import ask, what_is_wrong
from tests.support.server import Server
from tests.support.tab import Tab

pytestmark = pytest.mark.faults

ROUNDS = 5


@pytest.fixture(scope="module")
def servers(
    found: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    first = found(tmp_path_factory.mktemp("two"))
    second = Server(first.instance)
    first.start()
    second.start()
    yield first, second
    second.kill()
    first.kill()


def press(tab: Tab) -> Counter[int]:
    """Order and cancel, again and again; the statuses of the answers."""
    answers: Counter[int] = Counter()
    for _round in range(ROUNDS):
        answers[tab.order().status_code] += 1
        cancelled = tab.press("anuluj")
        if cancelled is not None:
            answers[cancelled.status_code] += 1
    return answers


def test_both_take_orders_and_one_of_them_issues(servers: tuple[Server, Server]) -> None:
    logins = (("100001", "100003"), ("100005", "100006"))
    tabs = [Tab(server, login) for server, some in zip(servers, logins, strict=True) for login in some]
    with ThreadPoolExecutor(len(tabs)) as crowd:
        answers = list(crowd.map(press, tabs))
    assert all(answer.keys() <= {303, 503} for answer in answers)
    for tab in tabs:
        until(lambda tab=tab: tab.order().status_code == 303)  # type: ignore[misc]
    instance = servers[0].instance
    until(lambda: ask(instance, "SELECT count(*) FROM orders WHERE status = 'ready'") == [(len(tabs),)])
    placed = ask(instance, "SELECT count(*) FROM order_events WHERE event = 'place'")
    assert placed == ask(instance, "SELECT count(*) FROM orders")
    assert [server.log.count("issuance thread started") for server in servers] in ([1, 0], [0, 1])
    assert what_is_wrong(servers[0]) == []
