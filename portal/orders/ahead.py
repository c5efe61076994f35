"""After the clock was set back: what was put off while it ran ahead is due now, not when it was written.

Leases and waits are minutes. A due time that lies further away was read off a wrong clock: left alone, an
order, an extension or a mail would stand still for as long as the clock had been wrong.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from portal import clock
from portal.database import db, write
from portal.orders import mails
from portal.orders.models import Extension, Mail, Order
from portal.orders.states import ENDED, EXTENSIONS_OPEN, Status

BATCH = 50
AHEAD = timedelta(minutes=15)
"""Longer than any wait or lease of an order or an extension."""
MAIL_AHEAD = 2 * mails.LONGEST_RETRY

_log = logging.getLogger(__name__)


def bring_back() -> int:
    """A batch of each kind; how many."""
    soon, mail_soon = clock.now() + AHEAD, clock.now() + MAIL_AHEAD
    found = _bring_back(Mail, Mail.due_at > mail_soon)
    # One status at a time: asked for several, PostgreSQL reads all cards, which are due in a year.
    for status in (Status.WAITING, Status.IN_PROGRESS, *sorted(ENDED)):
        found += _bring_back(Order, Order.due_at > soon, Order.status == status)
    for open_status in sorted(EXTENSIONS_OPEN):
        found += _bring_back(Extension, Extension.due_at > soon, Extension.status == open_status)
    return found


def _bring_back(table: type[Order | Extension | Mail], *which: ColumnElement[bool]) -> int:
    found = db.session.scalars(select(table.id).where(*which).order_by(table.due_at).limit(BATCH)).all()
    if found:
        with write() as session:
            session.execute(
                update(table)
                .where(table.id.in_(found), *which)
                .values(due_at=clock.now())
                .execution_options(synchronize_session=False)
            )
        _log.warning("%d %s were put off by a clock that ran ahead: due now", len(found), table.__tablename__)
    return len(found)
