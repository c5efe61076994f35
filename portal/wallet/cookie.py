"""The cookie that holds a browser's secret, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from flask import request
from werkzeug.wrappers import Response

from portal.settings import STAND_IN_WALLET, settings

T = TypeVar("T", bound=Response)
MAX_AGE = timedelta(days=400)
"""Browsers keep no cookie longer (RFC 6265bis, 5.5). Renewed at each unlocking."""


def secret() -> str:
    """What this browser sent; empty: it has no wallet."""
    return request.cookies.get(_name(), "")


def give(response: T, value: str) -> T:
    response.set_cookie(
        _name(), value, max_age=MAX_AGE, path="/", secure=settings().https, httponly=True, samesite="Lax"
    )
    return response


def take_back(response: T) -> T:
    response.delete_cookie(_name(), path="/", secure=settings().https, httponly=True, samesite="Lax")
    return response


def _name() -> str:
    """The prefix makes browsers refuse the cookie from another host or path, and without Secure."""
    name = STAND_IN_WALLET.lower()
    return f"__Host-{name}" if settings().https else name
