"""Time, injected: UTC instants for what happened, Europe/Warsaw dates for validity."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol, cast
from zoneinfo import ZoneInfo

from flask import Flask, current_app

WARSAW = ZoneInfo("Europe/Warsaw")


class Clock(Protocol):
    def now(self) -> datetime:
        """This instant, aware, in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def init_app(app: Flask, clock: Clock | None) -> None:
    app.extensions["portal.clock"] = clock or SystemClock()


def now() -> datetime:
    """This instant in UTC, by the application's clock."""
    return cast(Clock, current_app.extensions["portal.clock"]).now()


def today() -> date:
    """Today's date where the university is (Europe/Warsaw)."""
    return now().astimezone(WARSAW).date()
