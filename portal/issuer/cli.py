"""``flask issuer``: the issuer's keys."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal import audit, clock
from portal.audit import COMMAND_LINE
from portal.database import write
from portal.issuer.keys import key_store
from portal.issuer.metadata import is_needed

group = AppGroup("issuer", help="The issuer of the cards and its signing keys.")


@group.command("rotate-key")
def rotate_key() -> None:
    """Sign with a new key from now on.

    A running server uses it at once. The old key's public part stays published as long as anything it signed
    can be valid; its private part is destroyed.
    """
    with write() as session:
        old, new = key_store().rotate(clock.now())
        audit.record(
            session,
            audit.Event.ISSUER_KEY_ROTATED,
            actor=COMMAND_LINE,
            subject=new,
            detail=f"instead of {old}",
        )
    click.echo(f"Old key: {old}")
    click.echo(f"New key: {new}")


@group.command("keys")
def keys() -> None:
    """List the signing keys: the one that signs, and those that still verify."""
    store = key_store()
    click.echo(f"{store.current().kid}  signs")
    for key in store.retired():
        state = "verifies" if is_needed(key) else "no longer published"
        click.echo(f"{key.kid}  {state}, retired {key.retired_at:%Y-%m-%d %H:%M} UTC")
