"""What a running portal does in time: orders that wait, leases that end, words to the issuer."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal import clock
from portal.administration import doctor
from portal.administration.doctor import Findings, Kind
from portal.database import db
from portal.orders.models import Extension, Mail, Order
from portal.orders.states import ENDED, EXTENSIONS_OPEN, Status
from portal.settings import settings

LONGEST = timedelta(minutes=15)
"""How long something due may be left alone; the sweep comes round every few seconds."""
_START = "see that the portal runs (with PORTAL_ISSUANCE=procrastinate: its workers), and what its log says"


def init_app(app: Flask) -> None:
    doctor.add(app, "queue", check_queue, Kind.RUNNING)
    doctor.add(app, "mail", check_mail, Kind.RUNNING)


def check_queue(found: Findings) -> str:
    overdue = {
        "orders that wait": (Order.due_at, Order.status == Status.WAITING),
        "claimed orders whose lease is over": (Order.due_at, Order.status == Status.IN_PROGRESS),
        "orders whose codes ran out": (Order.due_at, Order.status == Status.READY),
        "orders whose card is over": (Order.due_at, Order.status == Status.COLLECTED),
        "ended orders of which the issuer must hear": (Order.due_at, Order.status.in_(ENDED)),
        "extensions": (Extension.due_at, Extension.status.in_(EXTENSIONS_OPEN)),
    }
    for what, (due_at, which) in overdue.items():
        if late := _late(due_at, which):
            found.add(f"{what} have been left alone, the first for {late}", _START)
    waiting = Order.status.in_([Status.WAITING, Status.IN_PROGRESS])
    number = db.session.scalar(select(func.count()).select_from(Order).where(waiting)) or 0
    return f"{number} orders wait, none for too long" if number else "no order waits"


def check_mail(found: Findings) -> str:
    if settings().mail is None:
        return "none is sent"
    if late := _late(Mail.due_at, Mail.due_at.is_not(None)):
        found.add(
            f"mails have been left alone, the first for {late}",
            "see that the portal runs, and what its log says of the mail server",
        )
    return "nothing is overdue"


def _late(due_at: InstrumentedAttribute[datetime | None], which: ColumnElement[bool]) -> str:
    """For how long the first of these has been due, in words; empty: not for too long."""
    first = db.session.scalar(select(func.min(due_at)).where(which))
    late = timedelta() if first is None else clock.now() - first
    return f"{int(late.total_seconds() // 60)} minutes" if late > LONGEST else ""
