"""`flask accounts …`: invitations, staff, and closing an account or its sessions."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import audit
from portal.accounts import invitations, sessions
from portal.accounts.invitations import Invitation
from portal.accounts.models import AccountLink
from portal.clock import WARSAW
from portal.csv_out import write_csv
from portal.database import db, write
from portal.files import write_private
from portal.identity import Account

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
    if csv_file is not None:
        _write(
            csv_file, []
        )  # before any link is made: older links would die for a file that can't be written
    made = _make(None if everybody else logins, timedelta(days=valid_days))
    if csv_file is None:
        for invitation in made:
            click.echo(f"{invitation.login}\t{invitation.link}\tuntil {_local(invitation)}")
    else:
        _write(csv_file, made)
        click.echo(f"{len(made)} links written to {csv_file}. Delete the file once the letters are sent.")


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
        invitation = invitations.add_staff(name, timedelta(days=valid_days))
    except invitations.LoginTaken:
        raise click.ClickException(
            f"There is an account {name} already. `flask accounts invite {name}` makes a link for it."
        ) from None
    click.echo(f"{invitation.login}\t{invitation.link}\tuntil {_local(invitation)}")


@commands.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Refuse an account from now on; its sessions and its link end at once."""
    account = _account(login)
    with write() as session:
        session.execute(update(Account).where(Account.id == account.id).values(enabled=False))
        ended = sessions.end_all(session, account.id)
        session.execute(delete(AccountLink).where(AccountLink.account_id == account.id))
        _note(session, audit.Event.ACCOUNT_DISABLED, account)
    click.echo(f"{login} is disabled; sessions ended: {ended}.")


@commands.command("enable")
@click.argument("login")
def enable(login: str) -> None:
    """Let a disabled account log in again, with the password it had."""
    account = _account(login)
    with write() as session:
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
    account = _account(login)
    with write() as session:
        ended = sessions.end_all(session, account.id)
        _note(session, audit.Event.SESSIONS_ENDED, account)
    click.echo(f"{login} is logged out; sessions ended: {ended}.")


def _make(logins: Sequence[str] | None, valid_for: timedelta) -> list[Invitation]:
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
        raise click.ClickException(
            f"The album number {error} is the user name of another account; that account must go first."
        ) from None


def _account(login: str) -> Account:
    account = db.session.scalar(select(Account).where(Account.login == login))
    if account is None:
        raise click.ClickException(f"There is no account {login}.")
    db.session.expunge(account)
    return account


def _note(session: Session, event: audit.Event, account: Account) -> None:
    audit.record(session, event, actor=audit.COMMAND_LINE, subject=account.public_id)


def _local(invitation: Invitation) -> str:
    return invitation.valid_until.astimezone(WARSAW).strftime("%Y-%m-%d %H:%M")


def _write(path: Path, made: Sequence[Invitation]) -> None:
    """Only its owner may read the file (0600). It begins with a mark by which Excel and Word know UTF-8."""
    text = io.StringIO(newline="")
    rows = ((one.login, one.given_names, one.surname, one.link, _local(one)) for one in made)
    write_csv(text, HEADER, rows)
    try:
        write_private(path, "\ufeff" + text.getvalue())
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
