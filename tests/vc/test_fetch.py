"""Asking other servers: only where it is allowed, never further than asked, never for too long (CWE-918)."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal.gate import Busy, Gate
from portal.vc import fetch
from portal.vc.fetch import Outgoing, Reach, Unreachable

BASE = "https://card.example"


class Handler(BaseHTTPRequestHandler):
    """A server with good and bad manners."""

    seen: list[tuple[str, dict[str, str], bytes]]
    finished: bool

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.path, dict(self.headers), body))
        {
            "/moved": self._moved,
            "/large": self._large,
            "/slow": self._slow,
            "/packed": self._packed,
            "/slow-head": self._slow_head,
        }.get(self.path, self._good)()

    do_POST = do_GET

    def _good(self) -> None:
        self._head(200 if self.path != "/missing" else 404)
        self.wfile.write(b'{"a": 1}')

    def _moved(self) -> None:
        self._head(302, Location="/good")

    def _packed(self) -> None:
        self._head(200, **{"Content-Encoding": "gzip"})
        self.wfile.write(gzip.compress(b'{"a": 1}'))

    def _large(self) -> None:
        self._head(200)
        self._send(b"x" * 1000, times=100, pause=0)

    def _slow(self) -> None:
        self._head(200)
        self._send(b"x", times=100, pause=0.05)

    def _slow_head(self) -> None:
        self._send(b"x", times=100, pause=0.05)

    def _send(self, block: bytes, *, times: int, pause: float) -> None:
        try:
            for _ in range(times):
                self.wfile.write(block)
                self.wfile.flush()
                time.sleep(pause)
            Handler.finished = True
        except OSError:
            pass  # whoever asked has had enough

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The test's output stays clean."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.seen, Handler.finished = [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def http() -> Outgoing:
    """As in the demonstration: this machine may be asked."""
    return Outgoing(Reach(BASE, local=True), Gate(slots=1, waiting=0, patience=0.01))


def test_an_answer_comes_with_status_headers_and_body(http: Outgoing, url: str) -> None:
    answer = http("POST", f"{url}/good?x=1", headers={"Accept": "application/json"}, body=b"a=1")
    assert (answer.status, answer.json()) == (200, {"a": 1})
    ((path, headers, body),) = Handler.seen
    assert (path, body) == ("/good?x=1", b"a=1")
    assert headers["Host"] == url.removeprefix("http://")
    assert headers["Accept"] == "application/json"


def test_any_status_is_an_answer(http: Outgoing, url: str) -> None:
    assert http("GET", f"{url}/missing").status == 404


def test_a_redirect_is_not_followed(http: Outgoing, url: str) -> None:
    assert http("GET", f"{url}/moved").status == 302
    assert [path for path, _headers, _body in Handler.seen] == ["/moved"]


def test_a_packed_answer_is_refused(http: Outgoing, url: str) -> None:
    with pytest.raises(Unreachable, match="packed"):
        http("GET", f"{url}/packed")


def test_too_large_an_answer_is_refused(http: Outgoing, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 10_000)
    monkeypatch.setattr(fetch, "_CHUNK", 1_000)
    with pytest.raises(Unreachable, match="too large"):
        http("GET", f"{url}/large")


@pytest.mark.parametrize("path", ["/slow", "/slow-head"])
def test_too_slow_an_answer_is_refused_though_each_byte_comes_in_time(
    http: Outgoing, url: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(fetch, "ALL_SECONDS", 0.2)
    with pytest.raises(Unreachable):
        http("GET", url + path)
    assert not Handler.finished, "it waited for the end of the answer"


def test_a_server_that_says_nothing_is_given_up(http: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "READ_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        http("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_where_nobody_listens_there_is_no_connection(http: Outgoing) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match="no connection"):
        http("GET", f"http://127.0.0.1:{port}/")


def test_an_answer_that_is_no_json_object_is_none(http: Outgoing, url: str) -> None:
    answer = fetch.Answer(200, {}, b"[1]")
    with pytest.raises(Unreachable):
        answer.json()


def test_who_finds_no_room_is_sent_away(http: Outgoing, url: str) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with http.turn():
            held.set()
            release.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    with pytest.raises(Busy):
        http("GET", f"{url}/good")
    release.set()
    holder.join()
    assert http("GET", f"{url}/good").status == 200


def test_several_questions_fit_into_one_turn(http: Outgoing, url: str) -> None:
    with http.turn():
        assert [http("GET", f"{url}/good").status for _ in range(3)] == [200, 200, 200]


def test_a_name_with_many_addresses_does_not_hold_a_turn_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"1.1.1.{last}", 443)) for last in range(1, 100)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    assert len(Reach("https://portal.example").addresses("https://stranger.example")) == 3


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Every name leads to this address."""

    def lead_to(address: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)

    return lead_to


PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_strangers_name_that_leads_inside_is_not_asked(
    resolves: Callable[[str], None], address: str
) -> None:
    resolves(address)
    with pytest.raises(Unreachable):
        Reach(BASE).addresses("https://stranger.example/")


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe"])
def test_a_public_address_may_be_asked_over_https_alone(
    resolves: Callable[[str], None], address: str
) -> None:
    resolves(address)
    assert Reach(BASE).addresses("https://stranger.example/") == [address]
    with pytest.raises(Unreachable):
        Reach(BASE).addresses("http://stranger.example/")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://card.example/status-lists/1", True),
        ("http://card.example/status-lists/1", False),
        ("https://card.example:8443/", False),
        ("https://card.example.evil.example/", False),
        ("https://named.example:8443/", True),
        ("http://named.example:8443/", False),
        ("https://named.example/", False),
    ],
)
def test_ourselves_and_who_was_named_may_be_inside(
    resolves: Callable[[str], None], url: str, asked: bool
) -> None:
    resolves("10.0.0.1")
    reach = Reach(BASE, named=lambda: frozenset({"named.example:8443"}))
    if asked:
        assert reach.addresses(url) == ["10.0.0.1"]
    else:
        with pytest.raises(Unreachable):
            reach.addresses(url)


def test_the_demonstration_asks_this_machine_but_not_its_neighbours(resolves: Callable[[str], None]) -> None:
    reach = Reach(BASE, local=True)
    resolves("127.0.0.1")
    assert reach.addresses("http://other.example:8001/") == ["127.0.0.1"]
    resolves("192.168.1.1")
    with pytest.raises(Unreachable):
        reach.addresses("http://other.example:8001/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://stranger.example/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@stranger.example/",
        "https://stranger.example:99999/",
        "https://[broken/",
        "https://" + "a" * 64 + ".example/",
    ],
)
def test_what_is_no_address_of_a_server_is_not_asked(url: str) -> None:
    with pytest.raises(Unreachable):
        Reach(BASE, local=True).addresses(url)
