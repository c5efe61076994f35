"""An oversized body is refused, chunked or not, and costs no memory (security.md 21): on a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.web.body_limit import MAX_BODY
from tests.security.wire import chunked, connect, head, memory, read_all, send
from tests.support.login import TOKEN
from tests.support.server import Server

MEGABYTE = 2**20
FLOOD = 200 * MEGABYTE
BLOCK = b"a" * 65536
# What a server of this kind may need for one request; a body that was kept would be ten times as much.
FLAT = 20 * MEGABYTE


@pytest.fixture(scope="module")
def server(empty_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    instance = tmp_path_factory.mktemp("served") / "instance"
    shutil.copytree(empty_instance, instance)
    server = Server(instance)
    server.start()
    yield server
    server.stop()


def flood(server: Server, start: bytes, block: bytes) -> tuple[bytes, int]:
    """Send the block until the server has had enough; its answer, and the most memory it used meanwhile."""
    most = 0
    with connect(server) as connection:
        connection.sendall(start)
        try:
            for number in range(FLOOD // len(BLOCK)):
                connection.sendall(block)
                if number % 16 == 0:
                    most = max(most, memory(server))
        except OSError:
            pass  # the server has closed
        return read_all(connection), max(most, memory(server))


def test_a_declared_length_over_the_limit_is_refused_unread(server: Server) -> None:
    answer = send(server, head(server, "Content-Length: 999999999"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert "Za dużo danych".encode() in answer


@pytest.mark.parametrize(
    ("header", "block"),
    [
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK)),
        (f"Content-Length: {FLOOD}", BLOCK),
    ],
    ids=["chunked", "declared"],
)
def test_a_flood_is_refused_and_memory_stays_flat(server: Server, header: str, block: bytes) -> None:
    send(server, head(server, "Content-Length: 3") + b"a=1")
    before = memory(server)
    answer, most = flood(server, head(server, header), block)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert most - before < FLAT


def test_a_chunked_body_of_the_limit_is_read_whole(server: Server) -> None:
    padding = b"x=" + b"a" * (MAX_BODY - 2)
    answer = send(server, head(server, "Transfer-Encoding: chunked") + chunked(padding))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "Formularz wygasł".encode() in answer


def test_a_chunked_body_one_byte_over_the_limit_is_refused(server: Server) -> None:
    padding = b"x=" + b"a" * (MAX_BODY - 1)
    answer = send(server, head(server, "Transfer-Encoding: chunked") + chunked(padding))
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_that_is_broken_off_harms_nobody(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(head(server, "Transfer-Encoding: chunked") + b"5\r\nhe")
    assert send(server, head(server, "Content-Length: 0")).startswith(b"HTTP/1.1 400 ")
    assert " ERROR " not in server.log


def test_a_form_that_comes_in_chunks_is_understood(server: Server) -> None:
    page = send(server, head(server, start="GET /logowanie HTTP/1.1")).decode()
    found = TOKEN.search(page)
    (cookie,) = [line for line in page.splitlines() if line.lower().startswith("set-cookie:")]
    assert found
    form = f"csrf_token={found[1]}&login=100001&password=wrong".encode()
    sent = "Cookie: " + cookie.split(":", 1)[1].split(";")[0].strip()
    answer = send(server, head(server, "Transfer-Encoding: chunked", sent) + chunked(form)).decode()
    assert "Formularz wygasł" not in answer
    assert 'name="password"' in answer


@pytest.mark.parametrize("target", ["/%00", "/%ff", "/?q=%ff", "/?q=%00"])
def test_an_address_that_is_no_text_is_refused(server: Server, target: str) -> None:
    assert send(server, head(server, start=f"GET {target} HTTP/1.1")).startswith(b"HTTP/1.1 400 ")


def test_a_request_that_expects_too_much_is_no_failure(server: Server) -> None:
    answer = send(server, head(server, "Expect: the-impossible", "Content-Length: 3") + b"a=1")
    assert answer.split()[1] in (b"400", b"417")
