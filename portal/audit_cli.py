"""`flask audit …`: reading the audit trail, and disposing of its old rows."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from flask.cli import AppGroup
from sqlalchemy import or_, select

from portal import audit, audit_pruning, clock
from portal.audit import AuditRecord
from portal.clock import WARSAW
from portal.database import db
from portal.settings import settings

LONGEST = 600

commands = AppGroup("audit", help="Who did what, when. Without names, PESEL numbers or codes.")


@commands.command("show")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M"]), help="From this day or minute in Warsaw."
)
@click.option("--subject", help="Public id of an account or an order: what it did, or what was done to it.")
@click.option("--last", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
def show(since: datetime | None, subject: str | None, last: int) -> None:
    """Print the newest rows, oldest first: time in Warsaw, event, actor, subject, address, detail."""
    query = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(last)
    if since is not None:
        query = query.where(AuditRecord.at >= since.replace(tzinfo=WARSAW).astimezone(UTC))
    if subject is not None:
        query = query.where(or_(AuditRecord.subject == subject, AuditRecord.actor == subject))
    for row in reversed(db.session.scalars(query).all()):
        at = row.at.astimezone(WARSAW).strftime("%Y-%m-%d %H:%M:%S")
        told = (row.event, row.actor, row.subject, row.address, row.detail)
        click.echo("\t".join([at, *(word or "–" for word in told)]))


@commands.command("prune")
@click.option(
    "--older-than",
    type=click.IntRange(1, LONGEST),
    metavar="MONTHS",
    help="Delete rows older than this; at least 1. Without it: PORTAL_RETENTION.",
)
@click.option("--yes", is_flag=True, help="Don't ask.")
def prune(older_than: int | None, yes: bool) -> None:
    """Delete the oldest rows of the audit trail, for good. A new row says how many and up to when.

    May be stopped and run again. Nobody can log in or order while a batch of rows is deleted, which takes a
    fraction of a second.
    """
    before = clock.months_ago(older_than or settings().retention_months)
    day = before.astimezone(WARSAW).strftime("%Y-%m-%d")
    found = audit_pruning.older_than(before)
    if not found:
        click.echo(f"No row is older than {day}.")
        return
    if not yes:
        click.confirm(f"Delete {found} rows from before {day} for good?", abort=True)
    click.echo(f"Rows deleted: {_prune(before, found)}, all from before {day}.")


def _prune(before: datetime, found: int) -> int:
    unseen = not sys.stderr.isatty()
    try:
        with click.progressbar(length=found, label="Pruning", file=sys.stderr, hidden=unseen) as bar:
            return audit_pruning.prune(before, audit.COMMAND_LINE, bar.update)
    except audit_pruning.TrailUnprotected:
        raise click.ClickException(
            "The database lacks the trigger that keeps the audit trail append-only, so nothing was deleted. "
            "Find out who removed it; restore it from a backup or by migrating an empty database."
        ) from None
