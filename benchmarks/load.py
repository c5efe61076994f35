"""A load generator in one thread: any number of clients, each with a keep-alive connection of its own.

What a client does is a generator: it yields a `Send` and gets a `Reply`. A `Send` with a time waits until
then, and its latency counts from then, even if the connection was still busy (so a slow server can't hide
behind a client that waits for it).
"""

from __future__ import annotations

import gc
import heapq
import select
import socket
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

READ = 65_536
LAST_ANSWERS = 5.0
"""Seconds that answers still under way at the end are waited for."""


@dataclass(slots=True)
class Send:
    """One request as bytes; `kind` names its row in the results ("" leaves it out)."""

    data: bytes
    kind: str = ""
    at: float = 0.0
    """When, by `time.perf_counter()`; in the past or 0: now."""
    kinds: dict[int, str] | None = None
    """Other rows for answers with these statuses."""

    def kind_of(self, status: int) -> str:
        return self.kinds.get(status, self.kind) if self.kinds else self.kind


@dataclass(slots=True)
class Reply:
    status: int
    head: bytes
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode()


Client = Generator[Send, Reply, None]


@dataclass
class Results:
    """What was answered within the time: latencies in seconds and counts, by kind."""

    seconds: float = 0.0
    latencies: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[str, dict[int, int]] = field(default_factory=dict)
    broken: int = 0
    """Connections that ended, or answers that never came."""

    def add(self, kind: str, status: int, latency: float) -> None:
        self.latencies.setdefault(kind, []).append(latency)
        counts = self.statuses.setdefault(kind, {})
        counts[status] = counts.get(status, 0) + 1

    def count(self, kind: str) -> int:
        return len(self.latencies.get(kind, ()))

    def errors(self, kind: str, *expected: int) -> int:
        return sum(n for status, n in self.statuses.get(kind, {}).items() if status not in expected)

    def rate(self, kind: str) -> float:
        return self.count(kind) / self.seconds

    def percentile(self, kind: str, share: float) -> float:
        """In seconds; NaN where nothing was measured."""
        ordered = sorted(self.latencies.get(kind, ()))
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class _Connection:
    __slots__ = ("buffer", "client", "sending", "socket", "started")

    def __init__(self, client: Client, port: int, source: str | None) -> None:
        self.client = client
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=10, source_address=(source, 0) if source else None
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sending = Send(b"")
        self.started = 0.0

    def send(self) -> None:
        self.started = self.sending.at or time.perf_counter()
        self.socket.sendall(self.sending.data)

    def receive(self) -> Reply | None:
        """The answer, once it is whole. Raises `ConnectionError`."""
        data = self.socket.recv(READ)
        if not data:
            raise ConnectionError
        self.buffer = data = self.buffer + data if self.buffer else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None
        status = int(data[9:12])
        head, size = data[:end], end + 4
        if status not in (204, 304):
            size += _content_length(head)
        if len(data) < size:
            return None
        self.buffer = data[size:]
        return Reply(status, head, data[end + 4 : size], time.perf_counter() - self.started)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    end = lower.find(b"\r\n", start)
    return int(lower[start : end if end > 0 else None])


class _Run:
    """One measurement on the way."""

    def __init__(self, seconds: float) -> None:
        self.results = Results(seconds=seconds)
        self.epoll = select.epoll()
        self.open: dict[int, _Connection] = {}
        self.waiting: list[tuple[float, int]] = []
        self.under_way: set[int] = set()
        self.end = 0.0

    def add(self, connection: _Connection) -> None:
        number = connection.socket.fileno()
        self.open[number] = connection
        self.epoll.register(number, select.EPOLLIN)

    def go(self) -> None:
        start = time.perf_counter()
        self.end = start + self.results.seconds
        for number, connection in list(self.open.items()):
            self._next(number, connection, None)
        while True:
            now = time.perf_counter()
            while self.waiting and self.waiting[0][0] <= now < self.end:
                self._send(heapq.heappop(self.waiting)[1])
            idle = not self.under_way and not self.waiting
            if idle or (now >= self.end and not self.under_way) or now >= self.end + LAST_ANSWERS:
                break
            for number, _event in self.epoll.poll(self._pause(now)):
                self._receive(number)
        if time.perf_counter() < self.end:  # every client had done all it wanted to
            self.results.seconds = time.perf_counter() - start
        self.results.broken += len(self.under_way)

    def close(self) -> None:
        self.epoll.close()
        for connection in self.open.values():
            connection.client.close()
            connection.socket.close()

    def _pause(self, now: float) -> float:
        until = self.waiting[0][0] if self.waiting and now < self.end else now + 0.05
        return max(0.0, min(until - now, 0.05))

    def _next(self, number: int, connection: _Connection, reply: Reply | None) -> None:
        try:
            sending = connection.client.send(reply) if reply else next(connection.client)
        except StopIteration:
            return
        connection.sending = sending
        if sending.at > time.perf_counter():
            heapq.heappush(self.waiting, (sending.at, number))
        elif time.perf_counter() < self.end:
            self._send(number)

    def _send(self, number: int) -> None:
        try:
            self.open[number].send()
        except OSError:
            self._lose(number)
        else:
            self.under_way.add(number)

    def _receive(self, number: int) -> None:
        connection = self.open.get(number)
        if connection is None:
            return
        try:
            reply = connection.receive()
        except OSError:
            self._lose(number)
            return
        if reply is not None:
            self.under_way.discard(number)
            sent = connection.sending
            if sent.kind and connection.started < self.end:
                self.results.add(sent.kind_of(reply.status), reply.status, reply.seconds)
            self._next(number, connection, reply)

    def _lose(self, number: int) -> None:
        self.results.broken += 1
        self.under_way.discard(number)
        connection = self.open.pop(number)
        self.epoll.unregister(number)
        connection.socket.close()


def run(
    port: int, clients: Iterable[Client], seconds: float, *, sources: Iterable[str] | None = None
) -> Results:
    """Let all clients work against 127.0.0.1:`port` for `seconds`, or until each has ended.

    `sources` are the loopback addresses that they come from, one for each.
    """
    running = _Run(seconds)
    addresses = iter(sources) if sources is not None else None
    try:
        for client in clients:
            running.add(_Connection(client, port, next(addresses) if addresses else None))
        gc.collect()
        gc.disable()
        running.go()
    finally:
        gc.enable()
        running.close()
    return running.results


def get(path: str, host: str, *headers: str) -> bytes:
    """A GET as a browser's script would send it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *COMMON, *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, host: str, body: str, content_type: str, *headers: str) -> bytes:
    data = body.encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", *COMMON, *headers]
    lines += [f"Content-Type: {content_type}", f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


COMMON = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) benchmark",
    "Accept: */*",
    "Accept-Language: pl,en;q=0.7",
    "Accept-Encoding: gzip, deflate, br",
)


def repeat(requests: list[bytes], kind: str) -> Client:
    """Send these in turn, each as soon as the one before was answered."""
    while True:
        for request in requests:
            yield Send(request, kind)
