"""The wallet asks the server that it is part of: however many do so at once, somebody is left to answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.interop.pocket import Pocket
from tests.interop.student import Codes, Student
from tests.support.server import Server

ALBUMS = [str(number) for number in range(100001, 100011)]
PATIENCE = 200
"""Presses of a button before somebody gives up."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("crowd") / "instance")
    server.prepare()
    server.start()
    yield server
    server.stop()


def take(pocket: Pocket, codes: Codes) -> int:
    """Add the card, pressing again where the page says that it is busy; how often that was needed."""
    pocket.open("/portfel/dodaj/regulamin")
    pocket.send("/portfel/dodaj/regulamin", accepted="y")
    busy = 0
    pocket.open("/portfel/kod")
    for _press in range(PATIENCE):
        pocket.send("/portfel/kod", text=codes.text)
        if pocket.path == "/portfel/oferta":
            break
        assert pocket.status == 503, pocket.text
        busy += 1
    for _press in range(PATIENCE):
        pocket.send("/portfel/oferta", code=codes.activation_code)
        if pocket.path.startswith("/portfel/dokumenty/"):
            return busy
        assert pocket.status == 503, pocket.text
        busy += 1
    raise AssertionError("it never got its turn")


def test_ten_wallets_take_their_cards_at_once_from_their_own_server(server: Server) -> None:
    codes = [Student(server, album).order() for album in ALBUMS]
    pockets = [Pocket(server.url) for _album in ALBUMS]
    with ThreadPoolExecutor(len(pockets)) as crowd:
        list(crowd.map(take, pockets, codes))
    assert {pocket.says_how_the_card_stands for pocket in pockets} == {"WAŻNA"}
