"""When students come in an October: the assumptions, in one place, to be looked at and changed.

The winter semester begins on 1 October; the cards of most end on 31 October and are extended before, those of
the first year are ordered.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

DAYS = 21
STEP = 10
"""Seconds; the simulation's grain."""
FIRST_WEEKDAY = 3
"""1 October 2026 is a Thursday."""
HALVED_AFTER = 2.5
"""Days after which half as many come: a sharp peak on the first days."""
WEEKEND = 0.4
HOURS = (2, 1, 1, 1, 1, 2, 6, 20, 45, 60, 65, 65, 65, 60, 60, 60, 55, 50, 50, 50, 45, 35, 20, 8)
"""Weights of the hours of a day."""
LECTURES_END = ((9, 45), (11, 30), (13, 15), (15, 0), (16, 45), (18, 30))
BREAK, RUSH = 10, 3.0
"""For so many minutes after lectures so many times as many come."""
MAIL_AT, MAILED, MAIL_FADES = 10 * 3600, 0.08, 600
"""On the first day at ten everybody gets a mail; this share comes because of it, 1/e of them after 600 s."""


def day_shares() -> list[float]:
    weights = [
        0.5 ** (day / HALVED_AFTER) * (WEEKEND if (FIRST_WEEKDAY + day) % 7 > 4 else 1) for day in range(DAYS)
    ]
    return [weight / sum(weights) for weight in weights]


def shares() -> Iterator[float]:
    """For each step of the three weeks, the share of all students that comes in it."""
    seconds = [_weight(second) for second in range(0, 86_400, STEP)]
    within = [weight / sum(seconds) for weight in seconds]
    for day, share in enumerate(day_shares()):
        for place, part in enumerate(within):
            mailed = MAILED * _mailed(place * STEP - MAIL_AT) if day == 0 else 0
            yield (1 - MAILED) * share * part + mailed


def _weight(second: int) -> float:
    minute = second // 60
    rush = any(0 <= minute - (hour * 60 + past) < BREAK for hour, past in LECTURES_END)
    return HOURS[second // 3600] * (RUSH if rush else 1)


def _mailed(since: int) -> float:
    """The share of those who come for the mail's sake in the step that begins `since` seconds after it."""
    return 0 if since < 0 else math.exp(-since / MAIL_FADES) * (1 - math.exp(-STEP / MAIL_FADES))


def peak_by_hand(students: int) -> tuple[float, float]:
    """Students a second: at the end of a lecture on the first day, and just after the mail."""
    rush_seconds = len(LECTURES_END) * BREAK * 60
    hours = [HOURS[hour] for hour, _past in LECTURES_END]
    weight = 3600 * sum(HOURS) + rush_seconds * (RUSH - 1) * sum(hours) / len(hours)
    first_day = students * (1 - MAILED) * day_shares()[0] / weight
    return first_day * max(HOURS) * RUSH, students * MAILED / MAIL_FADES + first_day * HOURS[10]
