"""A gate for work that keeps a thread of the server waiting: only some at a time, the rest is sent away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Too many are at it at once; try again in a moment."""


class Gate:
    """Lets `slots` callers work at a time while at most `waiting` others wait, each for `patience` seconds.

    The server has few threads: those that wait here must leave some to everybody else.
    """

    def __init__(self, *, slots: int, waiting: int, patience: float) -> None:
        self._room = threading.BoundedSemaphore(slots + waiting)
        self._slots = threading.BoundedSemaphore(slots)
        self._patience = patience

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises `Busy` where there is no room, or no turn came in time."""
        if not self._room.acquire(blocking=False):
            raise Busy
        try:
            if not self._slots.acquire(timeout=self._patience):
                raise Busy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._room.release()
