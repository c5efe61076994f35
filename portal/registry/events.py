"""Who hears of what an import changes; `create_app` says who."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from portal.registry.interface import RegistryListener

KEY = "portal.registry.listener"
NumbersChanged = Callable[[Session, Collection[int]], None]
"""Told, in the transaction of the change, whose album numbers are others now: the students' keys."""
_OF_NUMBERS = "portal.registry.numbers"


def listener() -> RegistryListener:
    return cast(RegistryListener, current_app.extensions[KEY])


def hear_of_numbers(app: Flask, hear: NumbersChanged) -> None:
    """A part above knows students by their album numbers, and has to follow these."""
    cast("list[NumbersChanged]", app.extensions.setdefault(_OF_NUMBERS, [])).append(hear)


def numbers_changed(session: Session, student_ids: Collection[int]) -> None:
    for hear in cast("list[NumbersChanged]", current_app.extensions.get(_OF_NUMBERS, [])):
        hear(session, student_ids)
