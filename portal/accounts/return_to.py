"""Where to go after logging in: only to a page of ours (CWE-601)."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from flask import current_app, url_for
from htmx_flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.identity import Role
from portal.settings import settings

LONGEST = 500
PAGES = ("accounts.change_password", "accounts.notifications")
"""Of this part, those one may want to come back to."""
START = {Role.STUDENT: "/dla-studentow", Role.STAFF: "/"}

# As it comes: printable ASCII without space and backslash, one slash in front.
_OWN = re.compile(r"/(?!/)[!-\[\]-~]*")
# Decoded, other letters may appear, but nothing that a browser reads as the start of a host or of a header.
_OWN_DECODED = re.compile(r"/(?!/)[^\x00-\x1f\x7f-\x9f\\]*")


def own_path(value: str | None) -> str | None:
    """`value` where it is the path of a page here that a browser may open by GET, else None."""
    if not value or len(value) > LONGEST or not _looks_own(value):
        return None
    parts = urlsplit(value)
    if parts.scheme or parts.netloc:
        return None
    try:
        endpoint, _ = current_app.url_map.bind(settings().host).match(unquote(parts.path), method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return None if str(endpoint).startswith("accounts.") and endpoint not in PAGES else value


def start_page(role: str) -> str:
    return START[Role(role)]


def login_page() -> str:
    """The path of the log-in page, with the way back to where the visitor was."""
    return url_for("accounts.log_in", next=own_path(_wanted()))


def _wanted() -> str:
    """Where the visitor is; for a poll, the page that htmx names (checked later like any other word)."""
    if not request.htmx:
        return str(request.full_path).rstrip("?")
    return str(request.htmx.current_url or "").removeprefix(settings().base_url)


def _looks_own(value: str) -> bool:
    """Decoded again and again, so that no second decoder finds what the first one missed."""
    if not _OWN.fullmatch(value):
        return False
    for _ in range(4):
        decoded = unquote(value)
        if decoded == value:
            return True
        if not _OWN_DECODED.fullmatch(decoded):
            return False
        value = decoded
    return False
