"""The engine's pulse: how the thread is woken, and how others see that it is alive."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from typing import cast

from flask import Flask


class Pulse:
    """Shared by the thread and whoever places orders; all methods may be called from any thread."""

    def __init__(self) -> None:
        self._due = threading.Event()
        self._stopping = threading.Event()
        self.parent = os.getppid()
        self.last_beat: datetime | None = None
        """When the thread last went round, in UTC; None while no thread runs in this process."""

    def wake(self) -> None:
        self._due.set()

    def stop(self) -> None:
        self._stopping.set()
        self._due.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def wait(self, seconds: float) -> None:
        """Until woken, or for `seconds` at most."""
        self._due.wait(seconds)
        self._due.clear()


def init_app(app: Flask) -> None:
    app.extensions["portal.orders.pulse"] = Pulse()


def pulse(app: Flask) -> Pulse:
    return cast(Pulse, app.extensions["portal.orders.pulse"])
