"""Whether a database is as it must be, as `flask doctor` sees it: every row, and nothing of the machine."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask

from portal.administration import doctor
from portal.administration.doctor import Kind

INSIDE = frozenset({Kind.DATABASE, Kind.ROWS})


def problems(app: Flask, kinds: Collection[Kind] = INSIDE) -> list[str]:
    """What is wrong, a line each."""
    with app.app_context():
        return [f"{one.name}: {problem}" for one in doctor.examine(kinds) for problem in one.problems]


def well(app: Flask) -> bool:
    """For ``assert well(app)``: fails with what is wrong."""
    found = problems(app)
    assert not found, "\n".join(found)
    return True
