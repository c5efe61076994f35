"""`flask usosapi …`: the apps that may speak the USOS API here."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.clock import WARSAW
from portal.usosapi import consumers, scopes
from portal.usosapi.scopes import USUAL, Scope

LONGEST_NAME = 80

group = AppGroup("usosapi", help="The interface of mobile USOS clients.")


@group.group("consumer")
def consumer() -> None:
    """Apps that may ask students for access."""


def _name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    name = " ".join(name.split())
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise click.BadParameter(f"1 to {LONGEST_NAME} printable characters.")
    return name


def _scopes(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[Scope, ...]:
    try:
        return scopes.parse(text)
    except scopes.UnknownScope as error:
        raise click.BadParameter(f"no scope {error}; there are {scopes.joined(list(Scope))}.") from error


@consumer.command("add")
@click.argument("name", callback=_name)
@click.option("--callback", help="Where browsers are led back to; without it the app gets PINs only.")
@click.option(
    "--scopes",
    "allowed",
    default=scopes.joined(USUAL),
    show_default=True,
    callback=_scopes,
    help="The most that it may ask students for, with | between.",
)
def add(name: str, callback: str | None, allowed: tuple[Scope, ...]) -> None:
    """Register the app NAME (as students read it). Prints its key and secret, this once."""
    try:
        new = consumers.add(name, callback, allowed)
    except ValueError as error:
        raise click.UsageError(
            "A callback is like https://app.example.org/done or app.example://done, without a fragment."
        ) from error
    click.echo(f"id\t{new.public_id}")
    click.echo(f"key\t{new.key}")
    click.echo(f"secret\t{new.secret}")
    click.echo("Keep key and secret: they can't be shown again.", err=True)


@consumer.command("list")
def show() -> None:
    """Print id, name, callback, scopes, day of registration, and how many students let it in now."""
    for app, students in consumers.with_students():
        day = app.created_at.astimezone(WARSAW).date().isoformat()
        told = (app.public_id, app.name, app.callback or consumers.OOB, app.scopes, day, str(students))
        click.echo("\t".join(told))


@consumer.command("remove")
@click.argument("key_or_id")
def remove(key_or_id: str) -> None:
    """End the app with this key or id, and all access that it has, at once."""
    try:
        consumers.remove(key_or_id)
    except LookupError as error:
        raise click.ClickException("There is no such app.") from error
    click.echo("The app is removed; its access has ended.")
