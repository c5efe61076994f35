"""Only the portal's own host is served; whoever asks for another gets 400 (CWE-644)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from portal.settings import Settings
from portal.web.admission import refuse
from portal.web.client_address import ASKED_HOST, is_in, is_loopback
from portal.web.wsgi import Environ, StartResponse, Wsgi

LOCAL_PATHS = ("/healthz", "/metrics")
"""What a monitor on the same machine asks, by whatever name it calls the machine."""
NEAR_PATHS = ("/healthz/live", "/healthz/ready")
"""What a load balancer asks too: it stands on the same machine, or is one of the trusted proxies."""
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class OwnHost:
    """Refuses foreign hosts, and hands on the base URL's host and scheme whatever the request said."""

    def __init__(self, app: Wsgi, settings: Settings) -> None:
        self._app = app
        self._base_url = settings.base_url
        self._scheme, self._host = urlsplit(settings.base_url)[:2]
        self._demo = settings.demo
        self._trusted = settings.trusted_proxies
        self._own = _spellings(self._host.lower(), ":443" if settings.https else ":80")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        asked = environ[ASKED_HOST].lower()
        own = asked in self._own
        if environ.get("PATH_INFO", "").startswith(LOCAL_PATHS):
            if not self._is_monitor(environ):
                refuse(environ, 404 if own else 400)
        elif not own:
            if self._demo and _is_local_name(asked) and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
                start_response("307 Temporary Redirect", [("Location", self._here(environ))])
                return [b""]
            refuse(environ, 400)
        environ["HTTP_HOST"] = self._host
        environ["wsgi.url_scheme"] = self._scheme
        return self._app(environ, start_response)

    def _is_monitor(self, environ: Environ) -> bool:
        path, address = environ.get("PATH_INFO"), environ["REMOTE_ADDR"]
        if path in NEAR_PATHS and is_in(address, self._trusted):
            return True
        return path in LOCAL_PATHS + NEAR_PATHS and is_loopback(address)

    def _here(self, environ: Environ) -> str:
        path = quote(environ.get("PATH_INFO", "").encode("latin-1"))
        query = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe="=&%+/?:@!$,;~*()")
        return f"{self._base_url}{path}{'?' if query else ''}{query}"


def _spellings(host: str, default_port: str) -> set[str]:
    """The host as browsers send it: the scheme's own port may stand there or not."""
    bare = host.removesuffix(default_port)
    has_other_port = urlsplit(f"//{bare}").port is not None
    return {host} if has_other_port else {bare, bare + default_port}


def _is_local_name(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOCAL_NAMES
    except ValueError:
        return False
