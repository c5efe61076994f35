"""The issuance thread of the web process: prepares and extends what is due, and sweeps every few seconds.

One such thread works for a portal, whichever process it lives in (`alone.py`). An issuer may take its time,
and the portal's end must not wait for it: a daemon thread works, and the thread that watches over it, which
ends when the main thread has gone, gives it a few seconds to finish its batch. What it has not finished then
goes back into the queue. Where workers prepare the cards, one of them has such a thread that only sweeps.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import cast

from flask import Flask

from portal import clock
from portal.database import db
from portal.orders import alone, extensions, issuance, trouble
from portal.orders.alone import Held
from portal.orders.giving_back import give_back, take_over
from portal.orders.pulse import Pulse, pulse
from portal.orders.sweep import sweep
from portal.settings import Settings

SWEEP_EVERY = 2.0
"""Seconds between two sweeps."""
LISTEN_FOR = 0.5
"""Seconds between two looks at whether the main thread still lives."""
ERROR_PAUSE = 1.0
GRACE = 4.0
"""Seconds that a batch under way is given when the process ends."""

Works = Sequence[Callable[[], object]]
"""What a round does besides the sweep; each answers whether there was something to do."""

_log = logging.getLogger(__name__)


def start(app: Flask) -> threading.Thread:
    """Start the thread of a web process. Where others do its work it only waits for the server's end."""
    settings = cast(Settings, app.extensions["portal.settings"])
    issues = settings.issuance_thread and settings.issuance == "thread"
    thread = threading.Thread(target=_serve, args=(app, pulse(app), issues), name="issuance", daemon=False)
    thread.start()
    return thread


def start_sweeping(app: Flask, heart: Pulse) -> threading.Thread:
    """Start the thread of a worker, which sweeps while no other worker does."""
    thread = threading.Thread(target=_run, args=(app, heart, ()), name="sweep", daemon=False)
    thread.start()
    return thread


def _serve(app: Flask, heart: Pulse, issues: bool) -> None:
    if issues:
        _run(app, heart, (issuance.issue_due, extensions.work_due))
    while not heart.ending:
        heart.wait(LISTEN_FOR)
    _follow_the_server(heart)


def _run(app: Flask, heart: Pulse, works: Works) -> None:
    name = threading.current_thread().name
    while (lock := alone.hold(app, "issuance", heart, "issues" if works else "sweeps")) is not None:
        _log.info("%s thread started", name)
        worker = threading.Thread(target=_work, args=(app, heart, lock, works), name=name, daemon=True)
        worker.start()
        while worker.is_alive() and not heart.ending:
            worker.join(LISTEN_FOR)
        if heart.ending:
            _end(app, heart, worker)
        heart.last_beat = None
        _log.info("%s thread ended%s", name, " before the issuer answered" if worker.is_alive() else "")


def _end(app: Flask, heart: Pulse, worker: threading.Thread) -> None:
    heart.stop()
    worker.join(GRACE)
    if worker.is_alive():
        with app.app_context():
            give_back(heart)


def _work(app: Flask, heart: Pulse, lock: Held, works: Works) -> None:
    last_sweep = 0.0
    with lock:
        if works:
            with app.app_context():
                _safely(heart, take_over)
        while not heart.ending:
            if not lock.still_held():
                name = threading.current_thread().name
                _log.warning("the %s thread lost its lock, and waits until it has it again", name)
                return
            with app.app_context():
                last_sweep = _round(heart, last_sweep, works)


def _follow_the_server(heart: Pulse) -> None:
    """A process left behind would go on answering beside the next server: it ends with its main process."""
    if heart.orphaned:
        _log.warning("the server's main process is gone, so this worker ends")
        os.kill(os.getpid(), signal.SIGTERM)


def _round(heart: Pulse, last_sweep: float, works: Works) -> float:
    """Do a batch of what is due, sweep if it is time; when the last sweep was, in clock seconds.

    Nobody waits for a long queue of others to end: new orders, extensions and the sweep take turns.
    """
    heart.last_beat = clock.now()
    done = [_safely(heart, work) for work in works]
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
    except Exception as error:
        trouble.tell(error)
        heart.wait(ERROR_PAUSE)
        return None
    finally:
        db.session.rollback()
