"""A thread's pulse: how it is woken, when it has to end, and how others see that it is alive."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from flask import Flask


class Pulse:
    """Shared by the thread and whoever places orders; all methods may be called from any thread."""

    def __init__(self, *, follows_parent: bool = True) -> None:
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._parent = os.getppid() if follows_parent else None
        self.last_beat: datetime | None = None
        """When the thread last went round, in UTC; None while no thread runs in this process."""
        self._claims: set[str] = set()

    @property
    def claims(self) -> frozenset[str]:
        """The owners of the claims that this process works on."""
        return frozenset(self._claims)

    @contextmanager
    def working_on(self, claims: Set[str]) -> Iterator[None]:
        self._claims |= claims
        try:
            yield
        finally:
            self._claims -= claims

    def wake(self) -> None:
        self._due.set()

    def stop(self) -> None:
        self._stopping.set()
        self._due.set()

    @property
    def ending(self) -> bool:
        """Whether it is time to end: told so, or the process ends, or is left behind."""
        return self._stopping.is_set() or not threading.main_thread().is_alive() or self.orphaned

    @property
    def orphaned(self) -> bool:
        """The server's main process was killed, and has left this worker behind."""
        return self._parent is not None and os.getppid() != self._parent

    def wait(self, seconds: float) -> None:
        """Until woken, or for `seconds` at most."""
        self._due.wait(seconds)
        self._due.clear()


class MailPulse(Pulse):
    """The mail thread's, which also tells how it gets on with the mail server."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble_since: datetime | None = None
        """Since when the server can't be used, in UTC; None: it could be, the last time."""


def init_app(app: Flask) -> None:
    app.extensions["portal.orders.pulse"] = Pulse()
    app.extensions["portal.orders.mail_pulse"] = MailPulse()


def pulse(app: Flask) -> Pulse:
    """The issuance engine's."""
    return cast(Pulse, app.extensions["portal.orders.pulse"])


def mail_pulse(app: Flask) -> MailPulse:
    """The mail thread's."""
    return cast(MailPulse, app.extensions["portal.orders.mail_pulse"])
