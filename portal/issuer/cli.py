"""``flask issuer``: the issuer's keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from portal import audit, clock
from portal.audit import COMMAND_LINE
from portal.database import write
from portal.issuer import signing
from portal.issuer.keys import DamagedKey, key_store
from portal.issuer.metadata import is_needed

group = AppGroup("issuer", help="The issuer of the cards and its signing keys.")


@contextmanager
def _told() -> Iterator[None]:
    """Say in a sentence why there is no key."""
    try:
        yield
    except DamagedKey as error:
        raise click.ClickException(f"{error}; flask doctor says what to do.") from error
    except signing.NoKey as error:
        raise click.ClickException(f"{error.why}.") from error


@group.command("rotate-key")
def rotate_key() -> None:
    """Sign with a new key from now on.

    A running server uses it at once. The old key's public part stays published as long as anything it signed
    can be valid; its private part is destroyed.
    """
    store = key_store()
    with _told():
        if not store.exists():
            signing.signing_key()
    with _told(), write() as session:
        old, new = store.rotate(clock.now())
        audit.record(
            session,
            audit.Event.ISSUER_KEY_ROTATED,
            actor=COMMAND_LINE,
            subject=new,
            detail=f"instead of {old}",
        )
    click.echo(f"Old key: {old}")
    click.echo(f"New key: {new}")


# The name of a key may begin with a dash.
@group.command("give-up", context_settings={"ignore_unknown_options": True})
@click.argument("key")
def give_up(key: str) -> None:
    """Sign again although KEY, which cards need, is lost for good.

    Doctor names such keys. Nobody can check the cards that it signed, not even with this: they are to be
    revoked, so that their students order new ones. Should the key be found, copy it to the others.
    """
    if key not in signing.missing_keys():
        raise click.ClickException(f"{key} is not missing.")
    with write() as session:
        key_store().give_up(key, clock.now())
        audit.record(
            session, audit.Event.ISSUER_KEY_ROTATED, actor=COMMAND_LINE, subject=key, detail="given up"
        )
    click.echo("Cards are signed again. Doctor names those that nobody can check.")


@group.command("keys")
def keys() -> None:
    """List the signing keys: the one that signs, and those that still verify."""
    store = key_store()
    with _told():
        retired = store.retired()
        try:
            click.echo(f"{store.current().kid}  signs")
        except FileNotFoundError:
            click.echo("No key signs: none was made yet, or it was lost.")
    for key in retired:
        state = "verifies" if is_needed(key) else "no longer published"
        click.echo(f"{key.kid}  {state}, retired {key.retired_at:%Y-%m-%d %H:%M} UTC")
