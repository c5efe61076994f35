"""`flask orders extend --all-due`: for a university that decides to extend for everybody."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from portal.language import language_option
from portal.orders import bulk
from portal.orders.bulk import Tally
from portal.orders.cli import group
from portal.registry.records import RegistryUnavailable

STOPPED = 130
"""The exit code of what Ctrl+C has ended, as shells have it."""


@group.command("extend")
@click.option("--all-due", is_flag=True, help="Every collected card that can have a later last day now.")
@click.option("--dry-run", is_flag=True, help="Only count; write nothing.")
@language_option
def extend(all_due: bool, dry_run: bool, language: str) -> None:
    """Extend the cards of all students at once, while the portal goes on working.

    Ctrl+C stops it after the cards in hand; run again, it goes on. Ends with 1 where an extension failed or
    is not finished yet, with 130 where it was stopped.
    """
    if not all_due:
        raise click.UsageError("Say --all-due: every card that can have a later last day is extended.")
    with force_locale(language):
        tally = Tally()
        try:
            _run(tally, dry_run=dry_run)
        except (RegistryUnavailable, SQLAlchemyError) as error:
            _summary(tally, dry_run=dry_run)
            raise click.ClickException(
                _("The database could not be read or written. Run it again: it goes on where it stopped.")
            ) from error
        _summary(tally, dry_run=dry_run)
        if tally.stopped:
            click.echo(_("Stopped. Run it again: it goes on where it stopped."), err=True)
            sys.exit(STOPPED)
    if tally.failed or tally.under_way:
        sys.exit(1)


def _run(tally: Tally, *, dry_run: bool) -> None:
    try:
        with _stoppable() as stop, _bar() as progress:
            bulk.run(tally, dry_run=dry_run, stop=stop, progress=progress)
    finally:
        if not dry_run:
            bulk.record(tally)


@contextmanager
def _bar() -> Iterator[bulk.Progress]:
    """Shows a bar where somebody watches; a log file would only be littered."""
    unseen = not sys.stderr.isatty()
    with click.progressbar(length=1, label=_("Extending"), file=sys.stderr, hidden=unseen) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """The first Ctrl+C (or SIGTERM) asks to stop after the cards in hand, the next one stops at once."""
    asked = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _summary(tally: Tally, *, dry_run: bool) -> None:
    extended = _("Would be extended: %(num)d.") if dry_run else _("Extended: %(num)d.")
    lines = [
        (extended, tally.extended),
        (_("Not possible, since a condition is not met: %(num)d."), tally.not_possible),
        (_("Failed: %(num)d."), tally.failed),
        (_("Nothing to extend: %(num)d."), tally.nothing_later),
    ]
    for line, number in lines:
        click.echo(line % {"num": number})
    if tally.under_way:
        click.echo(_("Not finished yet, the portal goes on with them: %(num)d.", num=tally.under_way))
    if dry_run:
        click.echo(_("This was a dry run: nothing was written."))
