"""Whether engine and mails are well: their threads' pulses, and what has waited longest."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import db
from portal.orders import jobs, waits
from portal.orders.models import Mail
from portal.orders.pulse import mail_pulse, pulse
from portal.settings import settings

LONGEST_SILENCE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_TROUBLE = timedelta(minutes=15)
"""How long the mail server may be out of reach, or mails that are due be left alone."""


def check() -> tuple[bool, str]:
    """Well: nobody has waited for long, and a worker lives, or this process' thread does, or stands by."""
    try:
        waited = _oldest_wait()
        workers = jobs.alive_workers() if jobs.wanted() else None
    except SQLAlchemyError:
        return False, "the database does not answer"
    if waited is not None and waited > LONGEST_WAIT:
        return False, f"the oldest order or extension waits for {int(waited.total_seconds())} s"
    if workers is not None:
        return workers > 0, f"workers that live: {workers}"
    if not settings().issuance_thread:
        return True, "no thread in this process"
    beat = pulse(current_app._get_current_object()).last_beat  # type: ignore[attr-defined]
    if beat is None:
        return True, "stands by"
    silent = clock.now() - beat
    return silent < LONGEST_SILENCE, f"last beat {max(0, int(silent.total_seconds()))} s ago"


def check_mail() -> tuple[bool, str]:
    """Well: no mail is overdue, and the server takes them. One that a full mailbox defers is no trouble."""
    if settings().mail is None:
        return True, "no mail server is set"
    try:
        oldest = waits.oldest(waits.Queue.MAILS)
        due_at = db.session.scalar(select(func.min(Mail.due_at)))
    except SQLAlchemyError:
        return False, "the database does not answer"
    if oldest is None or due_at is None:
        return True, "no mail waits"
    now = clock.now()
    trouble_since = mail_pulse(current_app._get_current_object()).trouble_since  # type: ignore[attr-defined]
    late = max(now - due_at, now - trouble_since if trouble_since else timedelta())
    return late < LONGEST_TROUBLE, f"the oldest mail waits for {int((now - oldest).total_seconds())} s"


def _oldest_wait() -> timedelta | None:
    """How long the order, or the extension, that has waited longest has waited."""
    oldest = (waits.oldest(waits.Queue.ORDERS), waits.oldest(waits.Queue.EXTENSIONS))
    return max((clock.now() - since for since in oldest if since is not None), default=None)
