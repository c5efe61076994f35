"""Asking other servers over HTTP, on behalf of strangers: so only where it can do no harm (CWE-918).

https to public addresses, and servers that the administrator named; the demonstration may ask this machine.
The address is looked up once and then dialled, so that a name can't point elsewhere after it was checked.
No redirect is followed, and size and time have limits. A server has few threads, and some of what is asked
goes to this very server: a gate keeps them from waiting for each other.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from portal.gate import Gate
from portal.vc.strict_json import parse_object

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
ALL_SECONDS = 10.0
LARGEST = 2**20
"""Bytes of an answer; a status list for 1.2 million cards has 150 kB at most, before compression."""
MOST_ADDRESSES = 3
"""Of one name: each that gives no sign of life costs seconds of a turn."""
_CHUNK = 2**16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Unreachable(Exception):
    """No usable answer: not allowed to ask, no connection, too slow, too large, or not what was asked for."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as one JSON object. Raises `Unreachable` where it is none."""
        try:
            return parse_object(self.body)
        except ValueError as error:
            raise Unreachable("the answer is no JSON object") from error


class Http(Protocol):
    """How something is asked. Raises `Unreachable` where there is no answer; any status is an answer."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer: ...


@dataclass(frozen=True)
class Reach:
    """What may be asked."""

    base_url: str
    """This portal itself: always, at whatever address it has."""
    local: bool = False
    """Servers on this machine too, and without https: the demonstration's other portals."""
    named: Callable[[], frozenset[str]] = frozenset
    """Hosts, with their ports, that the administrator named: at whatever address they have."""

    def addresses(self, url: str) -> list[str]:
        """The addresses at which this URL may be asked. Raises `Unreachable` where there are none."""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise Unreachable("this is no address") from error
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None:
            raise Unreachable("this is no address")
        own = f"{parts.scheme}://{parts.netloc}" == self.base_url
        trusted = own or (parts.scheme == "https" and parts.netloc in self.named())
        found = [
            address
            for address in _resolved(parts.hostname, port)
            if trusted or self._may_dial(address, https=parts.scheme == "https")
        ]
        if not found:
            raise Unreachable("this address may not be asked")
        return found[:MOST_ADDRESSES]

    def _may_dial(self, address: str, *, https: bool) -> bool:
        if self.local and ipaddress.ip_address(address).is_loopback:
            return True
        return https and _is_public(address)


def _is_public(address: str) -> bool:
    """An address of the public internet, and not one that carries another address inside."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return _is_public(str(parsed.ipv4_mapped))
        if parsed.sixtofour is not None or parsed.teredo is not None or parsed in _NAT64:
            return False
    return parsed.is_global and not parsed.is_multicast


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("this name is not known") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Outgoing:
    """An `Http` within its reach. Raises `portal.gate.Busy` where too many threads are out already."""

    def __init__(self, reach: Reach, gate: Gate) -> None:
        self._reach = reach
        self._gate = gate
        self._mine = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Several questions in one turn, so that none of them is turned away half-way. Raises `Busy`."""
        if getattr(self._mine, "inside", False):
            yield
            return
        with self._gate.turn():
            self._mine.inside = True
            try:
                yield
            finally:
                self._mine.inside = False

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        with self.turn():
            return self._ask(method, url, dict(headers or {}), body)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        problem: Exception | None = None
        for address in self._reach.addresses(url):
            try:
                with _End(ALL_SECONDS) as end, _pool(url, address, end) as pool:
                    response = _asked(pool, method, url, headers, body)
                    try:
                        return _received(response, end)
                    finally:
                        response.close()
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                problem = error  # another address of the same server may be up
            except (urllib3.exceptions.HTTPError, ssl.SSLError, OSError, ValueError) as error:
                raise Unreachable("no answer") from error
        raise Unreachable("no connection") from problem


class _End:
    """Shuts the connections that it watches when the time is over.

    A socket's own time-out begins anew with every byte that comes, also in a handshake or a header.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._twins: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> None:
        self._twins.append(connected.dup())  # TLS takes over the socket itself

    def _shut(self) -> None:
        self.passed = True
        for twin in self._twins:
            with suppress(OSError):  # it may be closed already
                twin.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> _End:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for twin in self._twins:
            twin.close()


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, end: _End, **options: Any) -> None:
        super().__init__(*args, **options)
        self._end = end

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self._end.watch(connected)
        return connected


class _TlsConnection(_Connection, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _pool(url: str, address: str, end: _End) -> urllib3.HTTPConnectionPool:
    """Connections to this address, with the certificate of the name in the URL."""
    parts = urlsplit(url)
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    if parts.scheme == "http":
        return _Pool(address, parts.port or 80, timeout=timeout, retries=False, end=end)
    return _TlsPool(
        address,
        parts.port or 443,
        timeout=timeout,
        retries=False,
        end=end,
        ssl_context=ssl.create_default_context(),
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
    )


def _asked(
    pool: urllib3.HTTPConnectionPool, method: str, url: str, headers: dict[str, str], body: bytes
) -> urllib3.BaseHTTPResponse:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {**headers, "Host": parts.netloc, "Accept-Encoding": "identity", "Connection": "close"}
    return pool.urlopen(
        method, target, body=body or None, headers=sent, redirect=False, preload_content=False
    )


def _received(response: urllib3.BaseHTTPResponse, end: _End) -> Answer:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unreachable("packed, though nobody asked for that")
    received = bytearray()
    while chunk := response.read1(_CHUNK):
        received += chunk
        if len(received) > LARGEST:
            raise Unreachable("too large")
    if end.passed:  # a body without a length looks whole wherever it is cut off
        raise Unreachable("too slow")
    lower = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, lower, bytes(received))
