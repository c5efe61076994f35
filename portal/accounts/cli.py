"""`flask accounts …`: invitations, staff, and closing an account or its sessions."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import audit
from portal.accounts import albums, invitations, sessions
from portal.accounts.invitations import Invitation, Invited
from portal.accounts.models import AccountLink
from portal.clock import WARSAW
from portal.csv_out import write_csv
from portal.database import write
from portal.files import made_whole, private_directory
from portal.identity import Account
from portal.reasons import why
from portal.unavailable import is_unavailable

HEADER = ("album", "given_names", "surname", "link", "valid_until")
STAFF_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
DAYS = click.option(
    "--valid-days",
    type=click.IntRange(1, 365),
    default=14,
    show_default=True,
    help="How long links are good.",
)

commands = AppGroup("accounts", help="Who may log in.")


@commands.command("invite")
@click.argument("logins", nargs=-1, metavar="[ALBUM]...")
@click.option("--all", "everybody", is_flag=True, help="Every imported student who has no password yet.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a file for a mail merge.",
)
@DAYS
def invite(logins: tuple[str, ...], everybody: bool, csv_file: Path | None, valid_days: int) -> None:
    """Make one-time links with which people set their passwords.

    For somebody who has a password already the link sets a new one; the old one is good until then. A new
    link ends the older one.
    """
    if everybody == bool(logins):
        raise click.UsageError("Give album numbers (or user names of staff), or --all.")
    make = partial(_make, None if everybody else logins, timedelta(days=valid_days))
    with _sentences():
        invited = make() if csv_file is None else _into(csv_file, make)
    if csv_file is None:
        for invitation in invited.made:
            click.echo(f"{invitation.login}\t{invitation.link}\tuntil {_local(invitation)}")
    elif invited.made:
        click.echo(
            f"{len(invited.made)} links written to {csv_file}. Delete the file once the letters are sent."
        )
    else:
        click.echo(f"No link was to be made; {csv_file} was left alone.")
    for number in invited.taken:
        click.echo(f"{_taken(number)} That student was left out.", err=True)
    if invited.taken:
        sys.exit(1)


@commands.command("add-staff")
@click.argument("name")
@DAYS
def add_staff(name: str, valid_days: int) -> None:
    """Make a staff account and print the one-time link with which its owner sets a password."""
    if not STAFF_NAME.fullmatch(name):
        raise click.ClickException(
            "A user name has 2 to 40 lower-case letters, digits, dots, dashes, underscores, a letter first."
        )
    try:
        with _sentences():
            invitation = invitations.add_staff(name, timedelta(days=valid_days))
    except invitations.LoginTaken:
        raise click.ClickException(
            f"There is an account or a student {name} already. `flask accounts invite {name}` makes a link."
        ) from None
    click.echo(f"{invitation.login}\t{invitation.link}\tuntil {_local(invitation)}")


@commands.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Refuse an account from now on; its sessions and its link end at once."""
    with _account(login) as (session, account):
        session.execute(update(Account).where(Account.id == account.id).values(enabled=False))
        ended = sessions.end_all(session, account.id)
        session.execute(delete(AccountLink).where(AccountLink.account_id == account.id))
        _note(session, audit.Event.ACCOUNT_DISABLED, account)
    click.echo(f"{login} is disabled; sessions ended: {ended}.")


@commands.command("enable")
@click.argument("login")
def enable(login: str) -> None:
    """Let a disabled account log in again, with the password it had."""
    with _account(login) as (session, account):
        session.execute(update(Account).where(Account.id == account.id).values(enabled=True))
        _note(session, audit.Event.ACCOUNT_ENABLED, account)
    click.echo(f"{login} is enabled.")


@commands.group("sessions", help="Who is logged in.")
def sessions_group() -> None:
    pass


@sessions_group.command("end")
@click.argument("login")
def end_sessions(login: str) -> None:
    """Log somebody out everywhere."""
    with _account(login) as (session, account):
        ended = sessions.end_all(session, account.id)
        _note(session, audit.Event.SESSIONS_ENDED, account)
    click.echo(f"{login} is logged out; sessions ended: {ended}.")


def _make(logins: Sequence[str] | None, valid_for: timedelta) -> Invited:
    """Links for these, or for everybody; what stands in the way becomes a sentence."""
    try:
        return invitations.invite_all(valid_for) if logins is None else invitations.invite(logins, valid_for)
    except invitations.UnknownLogin as error:
        raise click.ClickException(
            f"No imported student or account has the number or name {error}."
        ) from None
    except invitations.AccountDisabled as error:
        raise click.ClickException(f"The account {error} is disabled; enable it first.") from None
    except invitations.LoginTaken as error:
        raise click.ClickException(f"{_taken(error)} No link was made.") from None


def _taken(number: object) -> str:
    return f"The album number {number} is the user name of a member of staff."


@contextmanager
def _account(login: str) -> Iterator[tuple[Session, Account]]:
    """Who goes by this name or album number today, in a writing transaction."""
    with _sentences(), write() as session:
        albums.follow_all(session)
        account = session.scalar(select(Account).where(Account.login == login))
        if account is None:
            raise click.ClickException(f"There is no account {login}.")
        yield session, account


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if not is_unavailable(error):
            raise
        sentence = f"The database can't be read or written now: {why(error)}. Run the command again."
        raise click.ClickException(sentence) from None


def _note(session: Session, event: audit.Event, account: Account) -> None:
    audit.record(session, event, actor=audit.COMMAND_LINE, subject=account.public_id)


def _local(invitation: Invitation) -> str:
    return invitation.valid_until.astimezone(WARSAW).strftime("%Y-%m-%d %H:%M")


class _NothingToWrite(Exception):
    """No link was made, so an older file stays."""


def _into(path: Path, make: Callable[[], Invited]) -> Invited:
    """Make links and write them to the file, which is opened before: older links would die for nothing.

    Only its owner may read it (0600). It begins with a mark by which Excel and Word know UTF-8.
    """
    invited = Invited(())
    try:
        private_directory(path.parent)
        with made_whole(path) as file:
            invited = make()
            if not invited.made:
                raise _NothingToWrite
            file.write(_table(invited.made).encode("utf-8-sig"))
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    except _NothingToWrite:
        pass
    return invited


def _table(made: Sequence[Invitation]) -> str:
    text = io.StringIO(newline="")
    rows = ((one.login, one.given_names, one.surname, one.link, _local(one)) for one in made)
    write_csv(text, HEADER, rows)
    return text.getvalue()
