"""The issuance thread of the web process: prepares what is due, and sweeps every few seconds.

One thread on one instance directory, kept so by a lock file. It is no daemon: it finishes its batch and ends
when the main thread has gone, since the server's worker runs no atexit hooks before it joins its threads.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
from typing import IO, cast

from flask import Flask

from portal import clock
from portal.database import db
from portal.orders import issuance
from portal.orders.pulse import Pulse, pulse
from portal.orders.sweep import sweep
from portal.settings import Settings

SWEEP_EVERY = 2.0
"""Seconds between two sweeps."""
LISTEN_FOR = 0.5
"""Seconds between two looks at whether the main thread still lives."""
ERROR_PAUSE = 1.0

_log = logging.getLogger(__name__)


def start(app: Flask) -> threading.Thread | None:
    """Start the thread, if the settings want one and no other process runs it."""
    settings = cast(Settings, app.extensions["portal.settings"])
    if not settings.issuance_thread:
        return None
    thread = threading.Thread(target=_run, args=(app, settings, pulse(app)), name="issuance", daemon=False)
    thread.start()
    return thread


def _run(app: Flask, settings: Settings, heart: Pulse) -> None:
    lock = _wait_for_lock(settings, heart)
    if lock is None:
        _follow_the_server(heart)
        return
    _log.info("issuance thread started")
    with lock:
        last_sweep = 0.0
        while not _ending(heart):
            with app.app_context():
                last_sweep = _round(heart, last_sweep)
    heart.last_beat = None
    _log.info("issuance thread ended")
    _follow_the_server(heart)


def _follow_the_server(heart: Pulse) -> None:
    """A worker left behind would go on answering beside the next server: it ends with its main process."""
    if _orphaned(heart):
        _log.warning("the server's main process is gone, so this worker ends")
        os.kill(os.getpid(), signal.SIGTERM)


def _round(heart: Pulse, last_sweep: float) -> float:
    """Prepare all that is due, then sweep if it is time; when the last sweep was, in clock seconds."""
    try:
        heart.last_beat = clock.now()
        while not _ending(heart) and issuance.issue_due():
            heart.last_beat = clock.now()
        seconds = clock.now().timestamp()
        if not 0 <= seconds - last_sweep < SWEEP_EVERY:  # also when the clock was set back
            sweep()
            last_sweep = seconds
        db.session.rollback()
        heart.wait(LISTEN_FOR)
    except Exception:
        _log.exception("the issuance thread goes on after an error")
        heart.wait(ERROR_PAUSE)
    return last_sweep


def _ending(heart: Pulse) -> bool:
    return heart.stopping or not threading.main_thread().is_alive() or _orphaned(heart)


def _orphaned(heart: Pulse) -> bool:
    """The server's main process was killed, and has left this worker behind."""
    return os.getppid() != heart.parent


def _wait_for_lock(settings: Settings, heart: Pulse) -> IO[str] | None:
    """The held lock file; waits while another process (one that is being replaced, say) still holds it."""
    file = (settings.instance_dir / "issuance.lock").open("w", encoding="utf-8")
    told = False
    while not _ending(heart):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                _log.warning("another process issues for this instance directory; this one waits")
                told = True
            heart.wait(LISTEN_FOR)
        else:
            return file
    file.close()
    return None
