"""The mail thread of the web process: sends what is due, beside everything else.

One such thread works for a portal, whichever process it lives in (`alone.py`). A mail server may take
its time, and the portal's end must not wait for it: a daemon thread talks to the server, and the thread that
watches over it gives it a few seconds once the main thread has gone. What it was at is then as after any
other kill.
"""

from __future__ import annotations

import logging
import threading
from typing import cast

from flask import Flask

from portal import clock, smtp
from portal.database import db
from portal.orders import alone, mails, trouble
from portal.orders.alone import Held
from portal.orders.pulse import MailPulse, mail_pulse
from portal.settings import Settings

LISTEN_FOR = 0.5
"""Seconds between two looks at whether the main thread still lives."""
LOOK_EVERY = 2.0
"""Seconds between two looks for mails that are due."""
SERVER_PAUSE = 30.0
"""Seconds to leave a server alone that can't be reached."""
ERROR_PAUSE = 5.0
GRACE = 4.0
"""Seconds that a mail on its way is given when the process ends."""

_log = logging.getLogger(__name__)


def start(app: Flask) -> threading.Thread | None:
    """Start the thread, if there is a mail server; it waits while another process sends."""
    settings = cast(Settings, app.extensions["portal.settings"])
    if settings.mail is None:
        return None
    thread = threading.Thread(target=_watch, args=(app, mail_pulse(app)), name="mail", daemon=False)
    thread.start()
    return thread


def _watch(app: Flask, heart: MailPulse) -> None:
    while (lock := alone.hold(app, "mail", heart, "sends mails")) is not None:
        _log.info("mail thread started")
        sender = threading.Thread(target=_send, args=(app, heart, lock), name="mail sender", daemon=True)
        sender.start()
        while sender.is_alive() and not heart.ending:
            sender.join(LISTEN_FOR)
        if heart.ending:
            heart.stop()
            sender.join(GRACE)
        heart.last_beat = None
        _log.info("mail thread ended%s", " before the mail server answered" if sender.is_alive() else "")


def _send(app: Flask, heart: MailPulse, lock: Held) -> None:
    with lock:
        while not heart.ending:
            if not lock.still_held():
                _log.warning("the mail thread lost its lock, and waits until it has it again")
                return
            with app.app_context():
                heart.wait(_round(heart))


def _round(heart: MailPulse) -> float:
    """Send what is due; how many seconds to wait then."""
    try:
        if mails.send_due(lambda: _beat(heart)):
            heart.trouble_since = None
            return 0
    except smtp.Unavailable as error:
        heart.trouble_since = heart.trouble_since or clock.now()
        _log.warning("the mail server can't be used: %s", error)
        return SERVER_PAUSE
    except Exception as error:
        trouble.tell(error)
        return ERROR_PAUSE
    finally:
        db.session.rollback()
    return LOOK_EVERY


def _beat(heart: MailPulse) -> bool:
    heart.last_beat = clock.now()
    return not heart.ending
