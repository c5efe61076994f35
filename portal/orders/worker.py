"""A worker of `PORTAL_ISSUANCE=procrastinate`, a process of its own: `flask issuance work`.

procrastinate fetches the jobs, and tells the database that this worker lives; each job runs in a thread, with
an application context of its own. Killed anywhere, it leaves what any engine leaves: claims whose lease ends,
and jobs that another worker clears away. Where the database is gone it waits until it is back.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, cast

import psycopg
from flask import Flask
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy import make_url

from portal.database import connect_args, db
from portal.orders import extensions, issuance, thread, trouble
from portal.orders.giving_back import give_back
from portal.orders.jobs import QUEUE, SILENCE, TASK
from portal.orders.pulse import Pulse, pulse
from portal.settings import Settings

LOOK_EVERY = 2.0
"""Seconds between two looks for jobs whose time has come; of new ones the database tells at once."""
CLEAR_EVERY = 30.0
"""Seconds between two looks for jobs of workers that died."""
PAUSE = 2.0
"""Seconds before it begins anew where the database is gone."""
QUIET = 60.0
"""Seconds: a worker that can't use the database for less than that again says nothing more of it."""
CONNECTIONS = 4
"""At most, for fetching jobs, heartbeats and the like; the jobs' own come from the application's pool."""
CONNECTION_WITHIN = 3.0
"""Seconds. The pool itself would wait longer and longer between two tries."""

_log = logging.getLogger(__name__)


def run(app: Flask, concurrency: int) -> None:
    """Work until SIGTERM or SIGINT; what is at hand is finished then, and nothing more is taken.

    What an issuer takes too long over is another worker's after a few seconds.
    """
    for name in ("psycopg.pool", "procrastinate.utils"):  # each try to connect: one line of ours will do
        logging.getLogger(name).setLevel(logging.CRITICAL)
    heart = Pulse(follows_parent=False)
    sweeper = thread.start_sweeping(app, heart)
    _log.info("worker started")
    try:
        asyncio.run(_serve(app, concurrency, heart))
    finally:
        heart.stop()
        sweeper.join()
    _log.info("worker ended")


async def work(app: Flask, concurrency: int, *, wait: bool = True) -> None:
    """Do jobs until cancelled; without `wait`, until none is left that is due.

    Cancelled, it takes no more and finishes what is at hand. Raises `ConnectorException` or `psycopg.Error`
    where the database is gone.
    """
    queue = _queue(app)
    threads = ThreadPoolExecutor(concurrency + 1, thread_name_prefix="job")
    asyncio.get_running_loop().set_default_executor(threads)
    async with queue.open_async():
        await _clear(queue.job_manager)
        clearing = asyncio.create_task(_keep_clear(queue.job_manager))
        try:
            await queue.run_worker_async(
                queues=[QUEUE],
                concurrency=concurrency,
                wait=wait,
                fetch_job_polling_interval=LOOK_EVERY,
                delete_jobs="always",
                install_signal_handlers=False,
                stalled_worker_timeout=SILENCE.total_seconds(),
            )
        finally:
            clearing.cancel()


async def _serve(app: Flask, concurrency: int, heart: Pulse) -> None:
    asyncio.get_running_loop().set_exception_handler(_but_the_database)
    ending = _told_to_end(heart.stop)
    told = False
    while not ending.done():
        began = time.monotonic()
        working = asyncio.create_task(work(app, concurrency))
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        if ending.done():
            _done, too_long = await asyncio.wait({working}, timeout=thread.GRACE)
            if too_long:
                await asyncio.to_thread(_give_back, app)
        with suppress(asyncio.CancelledError, ConnectorException, psycopg.Error):
            await working
        if not ending.done():
            if not told or time.monotonic() - began > QUIET:
                _log.warning("the worker can't use the database, and tries again")
            told = True
            await asyncio.wait({ending}, timeout=PAUSE)


def _give_back(app: Flask) -> None:
    with app.app_context():
        give_back(pulse(app))


def _but_the_database(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A job whose end could not be written down is no news: whoever fetches jobs tells of the database."""
    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)


def _told_to_end(also: Callable[[], None]) -> asyncio.Future[None]:
    """Done with the first SIGTERM or SIGINT. The second one ends the process at once."""
    loop = asyncio.get_running_loop()
    told = loop.create_future()

    def tell() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        told.set_result(None)
        also()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    return told


def _queue(app: Flask) -> App:
    settings = cast(Settings, app.extensions["portal.settings"])
    url = make_url(settings.database)
    _none, words = url.get_dialect()().create_connect_args(url)
    words = {**words, **connect_args(url)}
    words.pop("context", None)  # SQLAlchemy's own types
    pool = PsycopgConnector(kwargs=words, min_size=0, max_size=CONNECTIONS, timeout=CONNECTION_WITHIN)
    queue = App(connector=pool)

    @queue.task(name=TASK, queue=QUEUE)
    def issue(order_id: int) -> None:
        with app.app_context():
            _work_on(order_id)

    return queue


def _work_on(order_id: int) -> None:
    """What of the order is due, and a batch of others that are; may run twice, the second finds it done."""
    try:
        issuance.issue(order_id, along=issuance.BATCH - 1)
        extensions.work_due(order_id)
    except Exception as error:
        # The job ends all the same: what is still due gets a new one from the sweep.
        trouble.tell(error)
    finally:
        db.session.rollback()


async def _clear(manager: JobManager) -> None:
    """Delete what workers that died were at: their orders come back by the end of their lease."""
    for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=SILENCE.seconds):
        with suppress(ConnectorException):  # another worker was first
            await manager.finish_job(job, Status.FAILED, delete_job=True)


async def _keep_clear(manager: JobManager) -> None:
    while True:
        await asyncio.sleep(CLEAR_EVERY)
        with suppress(ConnectorException):  # the database is gone: whoever fetches jobs tells of it
            await _clear(manager)
