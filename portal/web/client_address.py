"""Where a request comes from: the socket, unless a trusted proxy says more.

``X-Forwarded-For``, ``X-Forwarded-Host`` and ``X-Request-ID`` count only when the peer is one of
``PORTAL_TRUSTED_PROXIES``, or comes by a Unix socket, whose file's mode says who may open it. They, and the
headers like them, are then removed, so that nothing else can read them (CWE-644).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from portal.settings_reading import Network
from portal.web import request_id
from portal.web.wsgi import Environ, StartResponse, Wsgi

ASKED_HOST = "portal.asked_host"
"""The host that the browser asked for, as far as it can be believed."""

_FORWARDING = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_X_REQUEST_ID",
)
_THIS_MACHINE = "127.0.0.1"
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
_PLAIN_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


class ClientAddress:
    """Settles ``REMOTE_ADDR`` and the asked host. The scheme is the base URL's, so no header decides it."""

    def __init__(self, app: Wsgi, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        environ[ASKED_HOST] = environ.get("HTTP_HOST", "")
        if not peer or (self._trusted and self._is_trusted(peer)):
            peer = peer or _THIS_MACHINE  # a socket of this machine's has no address
            chain = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            environ["REMOTE_ADDR"] = self._client(peer, chain)
            if asked := environ.get("HTTP_X_FORWARDED_HOST"):
                environ[ASKED_HOST] = asked.rpartition(",")[2].strip()
            if _PLAIN_ID.fullmatch(given := environ.get("HTTP_X_REQUEST_ID", "")):
                environ[request_id.KEY] = given
        for name in _FORWARDING:
            environ.pop(name, None)
        return self._app(environ, start_response)

    def _client(self, peer: str, chain: list[str]) -> str:
        """The last hop that isn't one of ours: what stands before it, a client can make up."""
        for hop in reversed(chain):
            if not _is_address(hop):
                return peer
            peer = hop
            if not self._is_trusted(hop):
                return hop
        return peer

    def _is_trusted(self, address: str) -> bool:
        return is_in(address, self._trusted)


def is_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether the address belongs to one of the networks; False for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def is_loopback(address: str) -> bool:
    """Whether this very machine asks."""
    return is_in(address, _LOOPBACK)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
