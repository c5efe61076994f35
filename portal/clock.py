"""Time, injected: UTC instants for what happened, Europe/Warsaw dates for validity."""

from __future__ import annotations

from calendar import monthrange
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


def months_ago(months: int) -> datetime:
    """This time of day so many months ago (Europe/Warsaw); a short month has it on its last day."""
    local = now().astimezone(WARSAW)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)
