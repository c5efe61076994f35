"""``flask db copy``: a department that has grown moves into PostgreSQL, or back."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
from flask import Flask
from flask.cli import with_appcontext
from flask_migrate.cli import db as _migrations
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from portal.administration import copying, schema, snapshots
from portal.database import db
from portal.reasons import why

commands = cast(click.Group, _migrations)


def init_app(app: Flask) -> None:
    app.cli.add_command(commands)


@commands.command("copy")
@click.argument("source", metavar="SOURCE_URL")
@with_appcontext
def copy(source: str) -> None:
    """Copy every row of SOURCE_URL into the empty database of PORTAL_DATABASE_URL, and compare both.

    Stop the portal first: what is written meanwhile is not copied. Make the target with `flask db upgrade`.
    All is one transaction: stopped at any moment it leaves the target empty, and may be run again. The keys
    stay where they are, in the instance directory.
    """
    try:
        engine = snapshots.engine_of(_existing(source))
        with engine.connect().execution_options(**snapshots.options(engine.dialect)) as old:
            snapshots.begin(old)
            _require_newest(schema.revision(old), "the source")
            with db.engine.connect() as new, new.begin():
                snapshots.without_limits(new)
                _require_newest(schema.revision(new), "the target")
                copied = copying.copy(old, new, lambda line: click.echo(line, err=True))
    except copying.CopyError as error:
        raise click.ClickException(f"Nothing was copied: {error}.") from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"Nothing was copied: {why(error)}.") from None
    click.echo(f"Copied and compared: {sum(copied.values())} rows of {len(copied)} tables.")
    click.echo(
        "Start the portal with this PORTAL_DATABASE_URL and the same PORTAL_INSTANCE, then run doctor."
    )


def _existing(source: str) -> str:
    """The URL, such that a file that isn't there is not made. Raises `CopyError`."""
    try:
        url = make_url(source)
    except ArgumentError:
        raise copying.CopyError("SOURCE_URL must be like sqlite:////srv/portal/portal.sqlite") from None
    if url.get_backend_name() != "sqlite":
        return source
    path = Path(url.database or "").resolve()
    if not path.is_file():
        raise copying.CopyError(f"there is no file {path}")
    return f"sqlite:///{path}"


def _require_newest(revision: str | None, which: str) -> None:
    if revision != schema.newest():
        raise copying.CopyError(
            f"{which} is at migration {revision or 'none'}, the program at {schema.newest()}; "
            "run flask db upgrade with it as PORTAL_DATABASE_URL"
        )
