"""One thread of its kind on one instance directory, kept so by a lock file."""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from typing import IO

from portal.orders.pulse import Pulse

ASK_AGAIN_AFTER = 0.5
"""Seconds."""

_log = logging.getLogger(__name__)


def hold(path: Path, heart: Pulse, does: str) -> IO[str] | None:
    """The held lock file; waits while another process (one that is being replaced, say) still holds it.

    None where the process ends first. `does` says what the other one does, for the log.
    """
    file = path.open("w", encoding="utf-8")
    told = False
    while not heart.ending:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                _log.warning("another process %s for this instance directory; this one waits", does)
                told = True
            heart.wait(ASK_AGAIN_AFTER)
        else:
            return file
    file.close()
    return None
