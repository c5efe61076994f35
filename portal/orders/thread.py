"""The issuance thread of the web process: prepares and extends what is due, and sweeps every few seconds.

One such thread works for a portal, whichever process it lives in (`alone.py`). It is no daemon: it
finishes its batch and ends when the main thread has gone, since the server's worker runs no atexit hooks
before it joins its threads.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import cast

from flask import Flask

from portal import clock
from portal.database import db
from portal.orders import alone, extensions, issuance
from portal.orders.alone import Held
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
    thread = threading.Thread(target=_run, args=(app, pulse(app)), name="issuance", daemon=False)
    thread.start()
    return thread


def _run(app: Flask, heart: Pulse) -> None:
    while (lock := alone.hold(app, "issuance", heart, "issues")) is not None:
        _log.info("issuance thread started")
        with lock:
            _work(app, heart, lock)
        heart.last_beat = None
        _log.info("issuance thread ended")
    _follow_the_server(heart)


def _work(app: Flask, heart: Pulse, lock: Held) -> None:
    last_sweep = 0.0
    while not heart.ending:
        if not lock.still_held():
            _log.warning("the issuance thread lost its lock, and waits until it has it again")
            return
        with app.app_context():
            last_sweep = _round(heart, last_sweep)


def _follow_the_server(heart: Pulse) -> None:
    """A worker left behind would go on answering beside the next server: it ends with its main process."""
    if heart.orphaned:
        _log.warning("the server's main process is gone, so this worker ends")
        os.kill(os.getpid(), signal.SIGTERM)


def _round(heart: Pulse, last_sweep: float) -> float:
    """Do a batch of what is due, sweep if it is time; when the last sweep was, in clock seconds.

    Nobody waits for a long queue of others to end: new orders, extensions and the sweep take turns.
    """
    heart.last_beat = clock.now()
    done = [_safely(heart, work) for work in (issuance.issue_due, extensions.work_due)]
    seconds = clock.now().timestamp()
    if not 0 <= seconds - last_sweep < SWEEP_EVERY:  # also when the clock was set back
        _safely(heart, sweep)
        last_sweep = seconds
    if not any(done):
        heart.wait(LISTEN_FOR)
    return last_sweep


def _safely(heart: Pulse, work: Callable[[], object]) -> object:
    """What one of the works did; a failing one keeps neither the others nor the thread from going on."""
    try:
        return work()
    except Exception:
        _log.exception("the issuance thread goes on after an error")
        heart.wait(ERROR_PAUSE)
        return None
    finally:
        db.session.rollback()
