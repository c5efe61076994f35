"""Tabs that poll as the server directs, some of them opened a moment ago, while students order and get cards.

Each tab does what htmx does: it asks every so many milliseconds, as the section it shows says, follows the
news, and stops where the section says no more; then its student opens the page anew. At the beginning each
has watched for a while of its own, so that the crowd is one that came bit by bit, not all at once.
"""

from __future__ import annotations

import html
import itertools
import random
import re
import resource
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import select, update

from benchmarks import filling
from benchmarks.figures import keep, milliseconds, show
from benchmarks.load import Client, Results, Send, get, post, run
from benchmarks.stage import PAGE, Stage, Visitor
from benchmarks.yardsticks import BARE_FLASK
from portal import clock
from portal.database import db, write
from portal.mlegitymacja.polling import version_seen
from portal.orders.models import Order
from portal.orders.states import Status
from portal.polling import PACE, Watch

SECONDS = 30.0
ORDERS_A_SECOND = 10
"""Placed meanwhile, by students whose own tab is among those that poll."""
HANDS = 10
"""Students who may press the button at the same time; and clients of the yardstick."""
FORM = "application/x-www-form-urlencoded"
UNCHANGED, NEWS, ORDER, YARDSTICK = "poll, unchanged", "poll, news or another pace", "„Zamów”", "bare Flask"
_ADDRESS = re.compile(r'data-hx-get="([^"]+)"')
_INTERVAL = re.compile(r'data-hx-trigger="every (\d+)ms"')


def tab(host: str, visitor: Visitor, seen: str, age: float) -> Client:
    """Has watched for `age` seconds; polls at its own times, whether or not the last answer was late."""
    watch = Watch(int(time.time() - age), 0, seen)
    watch = watch.at(next(step for step, (until, _every) in enumerate(PACE) if age < until), seen)
    address, every = _stan(watch), PACE[watch.step][1]
    at = time.perf_counter() + random.uniform(0, every)
    while True:
        request = get(address, host, "HX-Request: true", f"Cookie: {visitor.cookie}")
        reply = yield Send(request, UNCHANGED, at, {200: NEWS})
        if reply.status == 200:
            address, every = _directed(reply.text) or (_stan(Watch(int(time.time()), 0, seen)), PACE[0][1])
        at += every


def _stan(watch: Watch) -> str:
    return f"{PAGE}/stan?seen={watch.seen}&step={watch.step}&since={watch.since}"


def _directed(section: str) -> tuple[str, float] | None:
    """Where and how often to ask from now on; None: no more."""
    address, interval = _ADDRESS.search(section), _INTERVAL.search(section)
    return (html.unescape(address[1]), int(interval[1]) / 1000) if address and interval else None


def ordering(host: str, students: Sequence[Visitor], hand: int, seconds: float) -> Client:
    """Every tenth student presses „Zamów” when it is their turn."""
    begin = time.perf_counter()
    for place, visitor in list(enumerate(students))[hand::HANDS]:
        headers = (f"Cookie: {visitor.cookie}", f"Referer: http://{host}{PAGE}")
        body = f"csrf_token={visitor.csrf_token}"
        at = begin + place * seconds / len(students)
        yield Send(post(f"{PAGE}/zamow", host, body, FORM, *headers), ORDER, at)


def bare(host: str, after: float) -> Client:
    """The yardstick in the same crowd."""
    at = time.perf_counter() + after
    while True:
        yield Send(get(BARE_FLASK, host), YARDSTICK, at)
        at += 2


def clients(
    stage: Stage, watching: Sequence[tuple[Visitor, str]], newcomers: Sequence[Visitor], seconds: float
) -> Iterator[Client]:
    dice = random.Random(1)
    for one, seen in [*watching, *((one, "none") for one in newcomers)]:
        yield tab(stage.host, one, seen, dice.uniform(0, PACE[-1][0]))
    for hand in range(HANDS):
        yield ordering(stage.host, newcomers, hand, seconds)
    for place in range(HANDS):
        yield bare(stage.host, place * 2 / HANDS)


def measure(tabs: int, seconds: float) -> Results:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the server inherits it
    orders = int(ORDERS_A_SECOND * seconds)
    # A server that many browsers reach without a proxy between must be told so.
    with Stage(GRANIAN_BACKLOG="16384", GRANIAN_BACKPRESSURE="16384") as stage:
        number = 20 * tabs
        filling.fill(stage.app, number)
        keys = list(itertools.islice(filling.ready(number), tabs - orders))
        shown = _prepare(stage, keys)
        newcomers = stage.log_in(list(itertools.islice(filling.without(number), orders)))
        watching = [(one, shown[one.student_id]) for one in stage.log_in(keys)]
        stage.start()
        return run(stage.port, clients(stage, watching, newcomers, seconds), seconds)


def _prepare(stage: Stage, keys: list[int]) -> dict[int, str]:
    """What their pages show; and nobody who waited before gets in the way."""
    later = clock.SystemClock().now() + timedelta(minutes=10)
    with stage.app.app_context():
        with write() as session:
            session.execute(update(Order).where(Order.status == Status.WAITING).values(due_at=later))
        orders = db.session.scalars(select(Order).where(Order.student_id.in_(keys)).order_by(Order.id))
        return {order.student_id: version_seen(order) for order in orders}


def main(*, quick: bool = False) -> None:
    for tabs in (400,) if quick else (1_000, 10_000):
        seconds = 5.0 if quick else SECONDS
        results = measure(tabs, seconds)
        rows = []
        for kind, expected in ((UNCHANGED, 204), (NEWS, 200), (ORDER, 303), (YARDSTICK, 200)):
            p50, p99 = (milliseconds(results.percentile(kind, share)) for share in (0.5, 0.99))
            errors = str(results.errors(kind, expected))
            rows.append([kind, f"{results.count(kind):,}", f"{results.rate(kind):,.0f}", p50, p99, errors])
        keep(f"tabs_{tabs}.polls", results.rate(UNCHANGED) + results.rate(NEWS))
        show(
            f"tabs_{tabs}",
            f"{tabs:,} tabs polling as the server directs, {ORDERS_A_SECOND} orders/s, {seconds:.0f} s",
            ("", "answers", "a second", "p50", "p99", "errors"),
            rows,
            f"Connections broken or answers missing: {results.broken}.",
        )
