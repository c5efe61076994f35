"""Which processor core a thread runs on.

Threads that take turns at one interpreter lock belong on one core: SQLite gives the lock back several times a
query, and each time a thread on another core is woken in vain. Sharing a core doubles the polls per second.
Work outside the lock (a password hash) belongs on any core, so that requests go on meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress

from portal.web.wsgi import Environ, StartResponse, Wsgi

_SUPPORTED = hasattr(os, "sched_setaffinity")
_ALL = os.sched_getaffinity(0) if _SUPPORTED else set()


class OneCore:
    """Has all threads that answer requests run on one core; processes side by side take different ones."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app
        cores = sorted(_ALL)
        self._core = cores[os.getpid() % len(cores)] if len(cores) > 1 else None
        self._seen = threading.local()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self._core is not None and not hasattr(self._seen, "thread"):
            self._seen.thread = True
            _run_on({self._core})
        return self._app(environ, start_response)


def run_on_any() -> None:
    """Let this thread run wherever its process may; a thread inherits the core of the one that started it."""
    if _SUPPORTED:
        _run_on(_ALL)


def _run_on(cores: set[int]) -> None:
    with suppress(OSError):  # the core may have been taken away from us meanwhile: any other does
        os.sched_setaffinity(0, cores)  # 0: this thread
