"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random
from datetime import timedelta


def wait(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Twice as long after each attempt, from `first` up to `longest`, a fifth more or less by chance."""
    exponent = min(attempts - 1, 20)  # beyond it the longest wait counts anyway
    return min(first * (1 << exponent), longest) * random.uniform(0.8, 1.2)  # noqa: S311
