"""Whether the engine is well: its thread's pulse, and the oldest order that waits."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import db
from portal.orders.models import Order
from portal.orders.pulse import pulse
from portal.orders.states import Status
from portal.settings import settings

LONGEST_SILENCE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)


def check() -> tuple[bool, str]:
    """Well: the thread of this process has beaten lately (or stands by), and nobody has waited for long."""
    try:
        waited = _oldest_wait()
    except SQLAlchemyError:
        return False, "the database does not answer"
    if waited is not None and waited > LONGEST_WAIT:
        return False, f"the oldest order waits for {int(waited.total_seconds())} s"
    if not settings().issuance_thread:
        return True, "no thread in this process"
    beat = pulse(current_app._get_current_object()).last_beat  # type: ignore[attr-defined]
    if beat is None:
        return True, "stands by"
    silent = clock.now() - beat
    return silent < LONGEST_SILENCE, f"last beat {max(0, int(silent.total_seconds()))} s ago"


def _oldest_wait() -> timedelta | None:
    waiting = (Status.WAITING, Status.IN_PROGRESS)
    oldest = db.session.scalar(select(func.min(Order.ordered_at)).where(Order.status.in_(waiting)))
    return None if oldest is None else clock.now() - oldest
