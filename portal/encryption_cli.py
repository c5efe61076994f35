"""``flask encryption``: a new key for what stands encrypted in the database."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import AppGroup
from sqlalchemy import Column, LargeBinary, Table, bindparam, select, type_coerce, update

from portal import audit
from portal.database import Base, db, write
from portal.encryption import DecryptionError, EncryptedText, SealedBytes, keyring

BATCH = 100

commands = AppGroup("encryption", help="Keys for what stands encrypted in the database.")


@commands.command()
def rotate() -> None:
    """Add a new newest key to the key file and encrypt everything anew with it.

    May run beside a server, and again after it was broken off. Older keys stay, for backups. Where the keys
    come from PORTAL_ENCRYPTION_KEYS, put a new one first there and restart before you run this.
    """
    file = keyring().file
    if file is not None:
        file.add()
        click.echo("A new key is in use.")
    with write() as session:
        audit.record(session, audit.Event.ENCRYPTION_KEY_ROTATED, actor=audit.COMMAND_LINE)
    changed, unreadable = 0, 0
    for table, column in encrypted_columns():
        for renewed, failed in _renew(table, column):
            changed += renewed
            unreadable += failed
    click.echo(f"Encrypted anew: {changed} values.")
    if unreadable:
        raise click.ClickException(f"{unreadable} values fit none of the keys; they stay as they are.")


def encrypted_columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """Every encrypted column of every table."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, EncryptedText | SealedBytes):
                yield table, column


def _renew(table: Table, column: Column[bytes]) -> Iterator[tuple[int, int]]:
    """How many values of each batch were encrypted anew, and how many can't be read."""
    (key,) = table.primary_key.columns
    raw = type_coerce(column, LargeBinary)
    last = 0
    while rows := db.session.execute(
        select(key, raw).where(key > last, raw.is_not(None)).order_by(key).limit(BATCH)
    ).all():
        db.session.rollback()
        last = rows[-1][0]
        renewed: list[tuple[int, bytes, bytes]] = []
        unreadable = 0
        for identity, sealed in rows:
            try:
                if anew := keyring().rotated(sealed):
                    renewed.append((identity, sealed, anew))
            except DecryptionError:
                unreadable += 1
                click.echo(f"{table.name}.{column.name}: row {identity} fits none of the keys.", err=True)
        with write() as session:
            for identity, sealed, anew in renewed:
                # What somebody changed meanwhile was encrypted with the new key, or is gone: leave it.
                session.execute(
                    update(table)
                    .where(key == identity, raw == sealed)
                    .values({column: bindparam(None, anew, LargeBinary)})
                )
        yield len(renewed), unreadable
