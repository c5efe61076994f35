"""The numbers of the orders for ``/metrics``, asked of the database when Prometheus reads them.

Counting the orders by status reads one index from end to end, and nothing else of them; with more than a
million that takes a fraction of a second, so the numbers are kept for some seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Flask
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, metrics
from portal.database import db
from portal.orders import jobs, waits
from portal.orders.models import Extension, Mail, Order
from portal.orders.states import ExtensionStatus, Status

KEPT = timedelta(seconds=10)


class Numbers(Collector):
    """Of one application; safe for several threads."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._read_at: datetime | None = None
        self._numbers: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        with self._lock, self._app.app_context():
            now = clock.now()
            if self._read_at is None or not timedelta() <= now - self._read_at < KEPT:
                self._numbers, self._read_at = _read(now), now
            return self._numbers


def init_app(app: Flask) -> None:
    metrics.add(app, Numbers(app))


def _read(now: datetime) -> list[Metric]:
    """What the database says; where it can't be asked, only that."""
    try:
        numbers = [_by_status(), _queue_age(now), _due_extensions(now), _waiting_mails(), *_workers()]
    except SQLAlchemyError:
        numbers = []
    answers = GaugeMetricFamily("portal_database_up", "1: the database answered.", value=bool(numbers))
    return [answers, *numbers]


def _by_status() -> Metric:
    family = GaugeMetricFamily("portal_orders", "Orders by status.", labels=("status",))
    rows = db.session.execute(select(Order.status, func.count()).group_by(Order.status))
    found = {status: count for status, count in rows}  # noqa: C416 — rows are no tuples for mypy
    for status in Status:
        family.add_metric([status], found.get(status, 0))
    return family


def _queue_age(now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "portal_queue_age_seconds", "How long the one that has waited longest has waited.", labels=("queue",)
    )
    for queue in waits.Queue:
        since = waits.oldest(queue)
        family.add_metric([queue], max(0.0, (now - since).total_seconds()) if since else 0)
    return family


def _due_extensions(now: datetime) -> Metric:
    due = select(func.count()).where(Extension.status == ExtensionStatus.WAITING, Extension.due_at <= now)
    return GaugeMetricFamily(
        "portal_extensions_due", "Extensions that could be worked on now.", value=db.session.scalar(due) or 0
    )


def _workers() -> list[Metric]:
    if not jobs.wanted():
        return []
    return [GaugeMetricFamily("portal_workers", "Workers that live.", value=jobs.alive_workers())]


def _waiting_mails() -> Metric:
    waiting = select(func.count()).where(Mail.due_at.is_not(None))
    return GaugeMetricFamily(
        "portal_mails_waiting", "Mails to be sent.", value=db.session.scalar(waiting) or 0
    )
