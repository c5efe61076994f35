"""``flask backup`` and ``flask restore``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from portal.administration import backup, doctor, restoring
from portal.administration.archive import BadBackup, PassphraseNeeded, WrongPassphrase
from portal.administration.copying import CopyError
from portal.administration.doctor import Kind
from portal.administration.restoring import NotEmpty, Restored
from portal.administration.running import NotStopped
from portal.reasons import why
from portal.settings import settings
from portal.settings_reading import Reader

SHORTEST = 12
VARIABLE = "BACKUP_PASSPHRASE"

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path, resolve_path=True))
_passphrase_file = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"A file with the passphrase. Or set PORTAL_{VARIABLE} (or …_FILE).",
)


def init_app(app: Flask) -> None:
    app.cli.add_command(make)
    app.cli.add_command(restore)


@click.command("backup")
@_file
@_passphrase_file
@click.option("--encrypt", is_flag=True, help="Ask for a passphrase on the terminal.")
@with_appcontext
def make(file: Path, passphrase_file: Path | None, encrypt: bool) -> None:
    """Write database and keys to FILE, while the portal runs.

    Encrypted if there is a passphrase. FILE is replaced in one step once all is written. Settings are not in
    it: keep a copy of the service's PORTAL_… variables and their files as well.
    """
    passphrase = next(iter(_given(passphrase_file)), None)
    if passphrase is None and encrypt:
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    if passphrase is not None and len(passphrase) < SHORTEST:
        raise click.ClickException(f"A passphrase has at least {SHORTEST} characters.")
    with _sentences("There is no backup"):
        made = backup.make(file, passphrase)
    click.echo(f"{file}: {made.rows} rows at migration {made.revision}, {made.size / 1e6:.1f} MB.")
    if passphrase is None:
        click.echo("It is not encrypted and holds the keys: keep it where nobody else can read it.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_passphrase_file
@with_appcontext
def restore(file: Path, passphrase_file: Path | None) -> None:
    """Put the backup FILE into an empty instance directory and database, then run doctor.

    The portal must not run. The database may be another one than the backup was made of: what
    PORTAL_DATABASE_URL says. A backup of an older release is brought up to this one.
    """
    passphrases = _given(passphrase_file)
    with _sentences("Nothing was restored"):
        restored = _restored(file, passphrases)
    manifest = restored.manifest
    click.echo(
        f"Restored what was backed up at {manifest['made_at']}: {sum(manifest['rows'].values())} rows."
    )
    if restored.keys_before is not None:
        click.echo(f"The keys that were here are in {restored.keys_before}; nothing restored needs them.")
    if manifest["base_url"] != settings().base_url:
        click.echo(
            f"Its cards name {manifest['base_url']} as their issuer; PORTAL_BASE_URL must be the same."
        )
    if doctor.tell(doctor.examine(frozenset(Kind) - {Kind.RUNNING})):
        raise click.ClickException("restored, but doctor has found problems.")
    click.echo("All is well. Start the portal.")


def _given(file: Path | None) -> tuple[str, ...]:
    """The passphrase of the file, or of the environment; none: there is none.

    After it, the same with the white space around it: an older program left that on.
    """
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8").strip("\r\n")
        except UnicodeDecodeError:
            raise click.ClickException(f"{file} cannot be read: it is not UTF-8 text.") from None
        if not text.strip():
            raise click.ClickException(f"{file} is empty.")
        return tuple(dict.fromkeys((text.strip(), text)))
    read = Reader(os.environ)
    passphrase = read.secret(VARIABLE, "")
    if read.problems:
        raise click.ClickException(read.problems[0] + ".")
    return (passphrase,) if passphrase else ()


def _restored(file: Path, passphrases: tuple[str, ...]) -> Restored:
    """With the first of them that opens it. Raises as `restoring.restore`."""
    first, *others = passphrases or (None,)
    try:
        return restoring.restore(file, first)
    except WrongPassphrase:
        if not others:
            raise
    except PassphraseNeeded:
        if not sys.stdin.isatty():
            raise
        others = [click.prompt("Passphrase", hide_input=True)]
    return restoring.restore(file, others[0])


@contextmanager
def _sentences(what: str) -> Iterator[None]:
    try:
        yield
    except (backup.NoBackup, BadBackup, NotStopped, NotEmpty, CopyError) as error:
        raise click.ClickException(f"{what}: {error}.") from None
    except OSError as error:
        raise click.ClickException(f"{what}: {why(error)}.") from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"{what}: {why(error)}.") from None
