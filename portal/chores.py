"""What time does to the parts' tables: each part hands in its chores, the sweep does them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import Flask, current_app

Chore = Callable[[], object]
"""Does a small batch of what is due, in transactions of its own. May run at any time, and again at once."""
_KEY = "portal.chores"


def add(app: Flask, chore: Chore) -> None:
    cast("list[Chore]", app.extensions.setdefault(_KEY, [])).append(chore)


def all_of_them() -> tuple[Chore, ...]:
    """The chores of the current application."""
    return tuple(cast("list[Chore]", current_app.extensions.get(_KEY, [])))
