"""Is everything as it must be? Each part hands in its checks; ``flask doctor`` makes them all.

Whatever the checks read of the database they read through `db.session`, which is one snapshot of it: what
changes meanwhile cannot look like a mistake. They read in batches and name nobody but by public ids.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from portal.administration import snapshots
from portal.database import db
from portal.encryption import DecryptionError
from portal.reasons import why

BATCH = 1000
MOST_NAMED = 5
"""Of a thousand rows with the same mistake a few show the way."""
_KEY = "portal.doctor"
_log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a check looks at."""

    MACHINE = "machine"
    """What surrounds the portal: settings, keys, disk, clock."""
    DATABASE = "database"
    ROWS = "rows"
    """Every row of some tables, which may take minutes."""
    RUNNING = "running"
    """What only a portal that runs keeps in order, such as the queue."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and what to do about it."""

    what: str
    remedy: str
    where: tuple[str, ...] = ()
    more: int = 0
    """How many further places there are."""

    def __str__(self) -> str:
        named = ", ".join(self.where) + (f" and {self.more} more" if self.more else "")
        return f"{self.what}: {named}" if named else self.what


class Findings:
    """What one check has found to be wrong so far."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, what: str, remedy: str, where: object = None) -> None:
        """One mistake. The same one in many places is told once, with a few of the places (public ids)."""
        kind = (what, remedy)
        named = self._found.setdefault(kind, [])
        if where is not None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            if len(named) < MOST_NAMED:
                named.append(str(where))

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(
            Problem(*kind, tuple(named), self._counts.get(kind, 0) - len(named))
            for kind, named in self._found.items()
        )


class NoUse(Exception):
    """Raised by a check that has added why nothing else can be looked at."""


Check = Callable[[Findings], str]
"""Adds what is wrong; answers in a few words what it has seen."""


@dataclass(frozen=True)
class Outcome:
    name: str
    seen: str
    problems: tuple[Problem, ...] = field(default=())


class _Unusable(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def init_app(app: Flask) -> None:
    from portal.administration import doctor_database, doctor_machine  # they need this module

    doctor_machine.init_app(app)
    doctor_database.init_app(app)
    app.cli.add_command(doctor)


def add(app: Flask, name: str, check: Check, kind: Kind) -> None:
    """Have `check` made under this name; the order of calls is the order on the screen."""
    checks = cast("list[tuple[str, Check, Kind]]", app.extensions.setdefault(_KEY, []))
    checks.append((name, check, kind))


def examine(kinds: Collection[Kind] = frozenset(Kind)) -> Iterator[Outcome]:
    """Make the checks of these kinds, one after the other. A check that can't be made is a problem."""
    _take_snapshot()
    try:
        for name, check, kind in cast("list[tuple[str, Check, Kind]]", current_app.extensions[_KEY]):
            if kind in kinds:
                yield _made(name, check)
    except _Unusable as error:
        yield error.outcome
    finally:
        db.session.rollback()


def _made(name: str, check: Check) -> Outcome:
    found = Findings()
    try:
        seen = check(found)
    except NoUse:
        raise _Unusable(Outcome(name, "unusable", found.problems)) from None
    except Exception as error:  # the others are made all the same
        if not isinstance(error, SQLAlchemyError | DecryptionError | OSError):
            _log.error("doctor's check %s broke", name, exc_info=error)
        found.add(
            f"could not be looked at ({why(error)})",
            "see what is said of the database and the keys first; then run doctor again",
        )
        seen = "unknown"
        _take_snapshot()
    return Outcome(name, seen, found.problems)


def _take_snapshot() -> None:
    """Begin the one transaction that all reads of `db.session` are made in from now on."""
    db.session.rollback()
    try:
        snapshots.begin(db.session.connection(execution_options=snapshots.options(db.engine.dialect)))
    except SQLAlchemyError:
        db.session.rollback()  # each check that needs the database will say so


def batches(
    key: InstrumentedAttribute[int], *columns: Any, only: Sequence[ColumnElement[bool]] = ()
) -> Iterator[Sequence[Row[Any]]]:
    """These columns, after the key, of all rows of a table, in the order of its primary key `key`."""
    last = None
    while True:
        query = select(key, *columns).where(*only).order_by(key).limit(BATCH)
        rows = db.session.execute(query if last is None else query.where(key > last)).all()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


@click.command()
@click.option("--quick", is_flag=True, help="Leave out what reads every row.")
@with_appcontext
def doctor(quick: bool) -> None:
    """Check database, keys, disk, clock and settings, and say what to do.

    Changes nothing and may run beside the portal. Exit code 0: all is well; 1: there are problems.
    """
    problems = tell(examine(frozenset(Kind) - {Kind.ROWS} if quick else frozenset(Kind)))
    if problems:
        raise click.ClickException("one problem." if problems == 1 else f"{problems} problems.")
    click.echo("All is well.")


def tell(outcomes: Iterator[Outcome]) -> int:
    """Print a line for each outcome, and what to do; how many problems there were."""
    problems = 0
    for outcome in outcomes:
        if not outcome.problems:
            click.echo(f"ok       {outcome.name}: {outcome.seen}")
        for problem in outcome.problems:
            click.echo(f"problem  {outcome.name}: {problem}")
            click.echo(f"         What to do: {problem.remedy}.")
        problems += len(outcome.problems)
    return problems
