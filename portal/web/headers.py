"""Security headers, on every answer: pages, errors, files, machine endpoints.

They are set outside Flask, so that no answer can miss them. A view may set one of them itself first.
"""

from __future__ import annotations

from collections.abc import Iterable

from portal.web import request_id
from portal.web.wsgi import Environ, StartResponse, Wsgi

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)
HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
        "payment=(), usb=()",
    ),
    ("Cache-Control", "no-store"),
)
ONE_YEAR = 31_536_000


class SecurityHeaders:
    """Adds what an answer lacks. Nothing may be cached unless its view says so, and never with a cookie."""

    def __init__(self, app: Wsgi, *, https: bool) -> None:
        self._app = app
        transport = (("Strict-Transport-Security", f"max-age={ONE_YEAR}"),) if https else ()
        self._headers = tuple((header[0].lower(), header) for header in (*HEADERS, *transport))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> object:
            present = {name.lower() for name, _ in headers}
            if "set-cookie" in present and "cache-control" in present:
                headers = [header for header in headers if header[0].lower() != "cache-control"]
                present.discard("cache-control")
            added = [header for lower, header in self._headers if lower not in present]
            added.append(("X-Request-Id", environ[request_id.KEY]))
            return start_response(status, headers + added, exc_info)

        return self._app(environ, start)
