"""Where a request comes from: the socket, unless a trusted proxy says more.

``X-Forwarded-For`` and ``X-Forwarded-Host`` count only when the peer is one of ``PORTAL_TRUSTED_PROXIES``.
They, and the headers like them, are then removed, so that nothing else can read them (CWE-644).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from portal.settings_reading import Network
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
)


class ClientAddress:
    """Settles ``REMOTE_ADDR`` and the asked host. The scheme is the base URL's, so no header decides it."""

    def __init__(self, app: Wsgi, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        environ[ASKED_HOST] = environ.get("HTTP_HOST", "")
        if self._trusted and self._is_trusted(peer):
            chain = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            environ["REMOTE_ADDR"] = self._client(peer, chain)
            if asked := environ.get("HTTP_X_FORWARDED_HOST"):
                environ[ASKED_HOST] = asked.rpartition(",")[2].strip()
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
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
