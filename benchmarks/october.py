"""An October: 1.2 million students extend or order within three weeks. On paper, and simulated step by step.

The service rates are those that `rates`, `cards`, `growth` and `polls` measured (benchmarks/figures.json), on
one machine of two cores; how students come is `arrivals`. The same seed gives the same October.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from benchmarks import arrivals, figures
from benchmarks.arrivals import STEP
from portal.issuer.places import FULL_AT, LIST_SIZE
from portal.issuer.signed_lists import TTL, compress, encode
from portal.polling import PACE

STUDENTS = 1_200_000
SEED = 2026
FIRST_YEARS = 0.3
"""The share that orders a card; the others have theirs extended, which their app fetches by itself."""
LOGIN = 0.018
"""Seconds of a core to hash a password (argon2id as OWASP has it)."""
PAGES = 3
"""Pages that one student opens besides pressing the button."""
VERIFIERS, WORKING_HOURS = 20_000, 12
"""Inspectors' devices, each of which keeps all lists fresh while it is at work."""
REVOKED = 0.05
PHOTO = 25_000
"""Bytes of a real photo, in the registry and once more on a card that waits for its app."""


@dataclass(frozen=True)
class Rates:
    """What one machine does in a second."""

    ready: float
    """Orders, or extensions, made ready by its workers."""
    students: float
    """Students whose pages, button and card it answers with both cores."""
    polls: float


def measured() -> Rates:
    known = figures.known()
    needed = ("growth.sqlite", "cards.rate", "rates.SQLite.thread.1.False", "polls_shared.unchanged")
    if missing := [name for name in needed if name not in known]:
        raise SystemExit(f"not measured yet: {', '.join(missing)}")
    costs = {one["name"]: one["seconds"][-1] for one in known["growth.sqlite"]["series"]}
    card = FIRST_YEARS / known["cards.rate"]
    seconds = LOGIN + PAGES * costs["page"] + costs["place"] + card
    ready = known.get("rates.PostgreSQL.procrastinate.4.False") or known["rates.SQLite.thread.1.False"]
    return Rates(ready, 2 / seconds, known["polls_shared.unchanged"])


@dataclass
class Outcome:
    """What a number of machines makes of it."""

    machines: float
    """Less than one: what pages leave of a machine."""
    longest_queue: float = 0
    longest_wait: float = 0
    polls: float = 0
    """A second, at the worst moment."""
    queue: list[tuple[float, float]] | None = None
    """Hours since the mail, how many wait; of the first hours."""


def simulate(machines: float, rates: Rates, students: int = STUDENTS) -> Outcome:
    """Students come at random; each waits until the workers have done all who came before."""
    dice = random.Random(SEED)
    outcome, waiting, came = Outcome(machines, queue=[]), 0.0, []
    for place, share in enumerate(arrivals.shares()):
        new = _poisson(dice, students * share)
        came.append(new)
        waiting = max(0.0, waiting + new - machines * rates.ready * STEP)
        wait = waiting / (machines * rates.ready)
        outcome.longest_queue = max(outcome.longest_queue, waiting)
        outcome.longest_wait = max(outcome.longest_wait, wait)
        if place * STEP < 86_400:  # no later day is worse
            outcome.polls = max(outcome.polls, _polls(came, wait))
        hours = place * STEP / 3600 - arrivals.MAIL_AT / 3600
        if outcome.queue is not None and -1 <= hours <= 3 and place % 6 == 0:
            outcome.queue.append((hours, waiting))
    return outcome


def _polls(came: list[int], wait: float) -> float:
    """Polls a second of those who came lately and still watch; each watches for a minute at least."""
    total, age = 0.0, 0
    while age <= min(max(wait, 60), PACE[-1][0]) and age // STEP < len(came):
        every = next(pause for until, pause in PACE if age < until or until == PACE[-1][0])
        total += came[-1 - age // STEP] / every
        age += STEP
    return total


def _poisson(dice: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    count, left = 0, dice.random()
    part = limit = math.exp(-mean)
    while left > limit and count < 200:
        count += 1
        part *= mean / count
        limit += part
    return count


def list_bytes(revoked: float) -> int:
    """Of one signed list, as it is sent: compressed bits, twice in base64, and some hundred bytes besides."""
    dice = random.Random(SEED)
    packed = encode(index for index in range(LIST_SIZE) if dice.random() < revoked)
    return round(len(compress(packed)) * 16 / 9) + 500


def _machines(rates: Rates) -> list[Outcome]:
    found = []
    for machines in (0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16):
        found.append(simulate(machines, rates))
        if found[-1].longest_wait < 1:
            break
    return found


def report_peaks(rates: Rates, students: int) -> None:
    rush, mail = arrivals.peak_by_hand(students)
    steps = [students * share / STEP for share in arrivals.shares()]
    day = steps[: 86_400 // STEP]
    first = arrivals.day_shares()[0] * (1 - arrivals.MAILED) + arrivals.MAILED
    after_the_mail = day[11 * 3600 // STEP :]
    rows = [
        ["students on the first day", students * first, sum(day) * STEP],
        ["a second, at the end of a lecture", rush, max(after_the_mail)],
        ["a second, right after the mail", mail, max(day)],
        ["cores for pages and cards then", mail / rates.students * 2, max(day) / rates.students * 2],
        ["machines for orders then, if nobody may wait", mail / rates.ready, max(day) / rates.ready],
    ]
    figures.show(
        f"october_peaks_{students}",
        f"An October of {students:,} students",
        ("", "by hand", "by the curve"),
        [[title, f"{by_hand:,.1f}", f"{by_curve:,.1f}"] for title, by_hand, by_curve in rows],
    )


def report_queue(outcomes: list[Outcome], rates: Rates) -> None:
    figures.keep("october.queues", [{"machines": one.machines, "queue": one.queue} for one in outcomes])
    figures.show(
        "october",
        f"The queue of {STUDENTS:,}, by machines that work at {rates.ready:,.0f} orders a second",
        ("machines", "longest queue", "longest wait", "polls a second at most", "cores for the polls"),
        [
            [
                f"{one.machines:g}",
                f"{one.longest_queue:,.0f}",
                f"{one.longest_wait:,.0f} s",
                f"{one.polls:,.0f}",
                f"{one.polls / rates.polls:.1f}",
            ]
            for one in outcomes
        ],
    )


def report_lists() -> None:
    lists = math.ceil(STUDENTS / FULL_AT)
    ttl = TTL.total_seconds()
    asked = VERIFIERS * lists / ttl
    rows = []
    for revoked in (0.01, REVOKED, 0.2):
        size = list_bytes(revoked)
        rate = f"{asked * size / 1e6:,.1f} MB/s"
        day = f"{asked * size * WORKING_HOURS * 3600 / 1e9:,.0f} GB"
        rows.append([f"{revoked:.0%} revoked", f"{size:,} bytes", f"{asked:,.0f}", rate, day])
    figures.show(
        "october_lists",
        f"{lists} status lists, {VERIFIERS:,} verifiers that fetch each every {ttl / 60:.0f} minutes",
        ("", "a list", "requests a second", "", f"in {WORKING_HOURS} hours"),
        rows,
        "What has not changed is answered 304, and a cache in front answers for the portal.",
    )


def report_growth() -> None:
    known = figures.known()["growth.sqlite"]
    rows = known["bytes"][-1] / known["sizes"][-1]
    figures.show(
        "october_bytes",
        "What the database weighs",
        ("students", "rows and indexes", "with photos"),
        [
            [f"{number:,}", f"{number * rows / 1e9:,.2f} GB", f"{number * (rows + 2 * PHOTO) / 1e9:,.1f} GB"]
            for number in (1_000, 30_000, STUDENTS)
        ],
        f"{rows:,.0f} bytes a student with a photo of no size; a real one has about {PHOTO:,}, kept twice.",
    )


def main(*, quick: bool = False) -> None:
    rates = measured()
    for students in (30_000, STUDENTS):
        report_peaks(rates, students)
    report_queue([simulate(1, rates)] if quick else _machines(rates), rates)
    report_lists()
    report_growth()
