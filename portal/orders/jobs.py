"""The jobs of `PORTAL_ISSUANCE=procrastinate`: the word that an order, or its extension, is due.

A job is written in the transaction that makes its order due, and taken back in the one that claims it, so
that a waiting order has one job. The orders' tables alone say what is to be done: a job that is lost, late or
there twice costs time and nothing else, and the sweep gives a new one to whoever has none.

Whoever writes a job holds the row of its order, so no two write one for the same order at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import Select, String, cast, column, exists, literal_column, select, table, text, union
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db, write
from portal.orders.models import Extension, Order
from portal.orders.states import ExtensionStatus, Status
from portal.settings import settings

if TYPE_CHECKING:
    from procrastinate.jobs import Job
    from procrastinate.manager import JobManager

QUEUE = "issuance"
TASK = "issue"
SILENCE = timedelta(seconds=30)
"""A worker that has sent no heartbeat for so long is dead (procrastinate sends one every ten seconds)."""
LATE = timedelta(seconds=3)
"""What has been due for so long has lost its job: a job that was just fetched needs a moment to claim."""
BATCH = 500

_KEY = "order "
_WITHDRAW = text("DELETE FROM procrastinate_jobs WHERE queueing_lock = ANY(:keys) AND status = 'todo'")
_ALIVE = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - CAST(:silence AS interval)"
)


def wanted() -> bool:
    """Whether workers of their own do what is due."""
    return settings().issuance == "procrastinate"


def put(session: Session, order_ids: Collection[int], at: datetime | None = None) -> None:
    """Have these orders worked on at `at`, or now, in the caller's transaction; replaces an earlier wish."""
    from procrastinate.jobs import Job

    jobs = [
        Job(
            queue=QUEUE,
            task_name=TASK,
            lock=None,
            queueing_lock=f"{_KEY}{order_id}",
            task_kwargs={"order_id": order_id},
            scheduled_at=at,
        )
        for order_id in order_ids
    ]
    withdraw(session, order_ids)
    _defer(session, jobs)


def _defer(session: Session, jobs: list[Job]) -> None:
    """Raises `DBAPIError` like any statement, whatever the library makes of the driver's errors."""
    from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

    try:
        with session.begin_nested():
            _manager().batch_defer_jobs(jobs, connection=_driver_connection(session))
    except AlreadyEnqueued:  # an order that somebody has worked on meanwhile: the sweep sees to the others
        return
    except ConnectorException as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error):
            raise
        raise DBAPIError.instance(None, None, cause, psycopg.Error, hide_parameters=True) from error


def withdraw(session: Session, order_ids: Collection[int]) -> None:
    """These orders are being worked on: their jobs have nothing more to tell."""
    if wanted() and order_ids:
        session.execute(_WITHDRAW, {"keys": [f"{_KEY}{order_id}" for order_id in order_ids]})


def put_missing() -> int:
    """A job for what has been due for a while and has none: it was lost, or never written (another engine,
    a database that was copied); how many."""
    if not wanted() or db.session.scalar(_missing().limit(1)) is None:
        return 0
    with write() as session:
        found = session.scalars(_missing().with_for_update(skip_locked=True)).all()
        if found:
            put(session, found)
    return len(found)


def alive_workers() -> int:
    """How many live, by the database's clock. Raises `SQLAlchemyError` where it can't be asked."""
    return int(db.session.scalar(_ALIVE, {"silence": SILENCE}) or 0)


def _missing() -> Select[int]:
    """Orders that are due, or whose extension is, without a job that anybody would fetch now."""
    before = clock.now() - LATE
    orders = select(Order.id).where(Order.status == Status.WAITING, Order.due_at <= before)
    extensions = select(Extension.order_id).where(
        Extension.status == ExtensionStatus.WAITING, Extension.due_at <= before
    )
    due = union(
        orders.order_by(Order.due_at).limit(BATCH).subquery().select(),
        extensions.order_by(Extension.due_at).limit(BATCH).subquery().select(),
    )
    jobs = table("procrastinate_jobs", column("queueing_lock", String), column("scheduled_at"))
    has_job = exists().where(
        jobs.c.queueing_lock == _KEY + cast(Order.id, String),
        literal_column("procrastinate_jobs.status = 'todo'"),
        literal_column("coalesce(procrastinate_jobs.scheduled_at <= now(), true)"),
    )
    return select(Order.id).where(Order.id.in_(due), ~has_job)


def _driver_connection(session: Session) -> Any:
    """The psycopg connection of this very transaction."""
    return session.connection().connection.driver_connection


@cache
def _manager() -> JobManager:
    """It only writes on connections that it is given, and opens none. Loaded where it is used: the library
    takes its time and memory."""
    from procrastinate import App, SyncPsycopgConnector

    return App(connector=SyncPsycopgConnector()).job_manager
