"""What the log says where a thread of ours can't do its work: one line, however long it lasts."""

from __future__ import annotations

import logging
import threading
import time

from portal.reasons import why
from portal.unavailable import is_unavailable

AGAIN_AFTER = 60.0
"""Seconds after which a trouble that lasts is told again."""

_log = logging.getLogger(__name__)
_told: dict[tuple[str, str], float] = {}


def tell(error: Exception) -> None:
    """Called where the error was caught. One that passes by itself is told at most once a minute."""
    name = threading.current_thread().name
    if not is_unavailable(error):
        _log.exception("the %s thread goes on after an error", name)
        return
    now, what = time.monotonic(), (name, _kind(error))
    if now - _told.get(what, -AGAIN_AFTER) >= AGAIN_AFTER:
        _told[what] = now
        _log.error("the %s thread waits, since the database can't be used: %s", name, why(error))


def _kind(error: Exception) -> str:
    """A server that has gone is one trouble, though first a connection ends and then none can be made."""
    return str(getattr(getattr(error, "orig", None), "sqlite_errorcode", "gone"))
