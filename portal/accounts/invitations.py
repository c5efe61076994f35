"""Accounts for imported people, and the links with which they set their passwords.

Works in small batches, so that pages can write in between. May be killed and run again: a second run makes
new links, and the first run's are dead.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.orm import aliased

from portal import audit, clock
from portal.accounts import links
from portal.database import db, in_turn, write
from portal.identity import Account, Role
from portal.registry.models import Student

T = TypeVar("T")
BATCH = 200
ACCOUNTS = "accounts"
"""Such commands take turns (`database.in_turn`): two administrators may invite the same people."""


class UnknownLogin(Exception):
    """Nobody has this album number or user name. The text is the log-in as given."""


class LoginTaken(Exception):
    """Another account has this log-in already. The text is the log-in."""


class AccountDisabled(Exception):
    """The account is disabled: no link is made for it. The text is the log-in."""


@dataclass(frozen=True)
class Invitation:
    """One row of the mail merge. `valid_until` is UTC."""

    login: str
    given_names: str
    surname: str
    link: str
    valid_until: datetime


def invite_all(valid_for: timedelta) -> list[Invitation]:
    """A link for every imported student with an album number and an account without a password."""
    _bring_accounts(true())
    waiting = select(Account.login).where(
        Account.role == Role.STUDENT, Account.password_hash.is_(None), Account.enabled.is_(True)
    )
    return _invite(db.session.scalars(waiting.order_by(Account.login)).all(), valid_for)


def invite(logins: Sequence[str], valid_for: timedelta) -> list[Invitation]:
    """A link for each of these, with or without a password; who has one keeps it until the link is used.

    Raises `UnknownLogin`, `AccountDisabled` and then makes no link at all.
    """
    logins = list(dict.fromkeys(logins))
    _bring_accounts(Student.album_number.in_(logins))
    found = select(Account.login, Account.enabled).where(Account.login.in_(logins))
    enabled = {login: on for login, on in db.session.execute(found)}  # noqa: C416 — rows are no pairs to mypy
    for login in logins:
        if login not in enabled:
            raise UnknownLogin(login)
        if not enabled[login]:
            raise AccountDisabled(login)
    return _invite(logins, valid_for)


def add_staff(login: str, valid_for: timedelta) -> Invitation:
    """A new staff account without a password, and the link to set one. Raises `LoginTaken`."""
    with write() as session:
        in_turn(session, ACCOUNTS)
        if session.scalar(select(Account.id).where(Account.login == login)) is not None:
            raise LoginTaken(login)
        account = _new_account(login, Role.STAFF, None)
        session.add(account)
        audit.record(session, audit.Event.ACCOUNT_ADDED, actor=audit.COMMAND_LINE, subject=account.public_id)
    return _invite([login], valid_for)[0]


def _bring_accounts(students: ColumnElement[bool]) -> None:
    """Each of these students with an album number has an account. Raises `LoginTaken`."""
    _follow_album_numbers()
    missing = db.session.execute(
        select(Student.id, Student.album_number)
        .outerjoin(Account, Account.student_id == Student.id)
        .where(students, Student.album_number.is_not(None), Account.id.is_(None))
        .order_by(Student.album_number)
    ).all()
    for batch in _batches(missing):
        with write() as session:
            in_turn(session, ACCOUNTS)
            keys = [student_id for student_id, _ in batch]
            made = set(session.scalars(select(Account.student_id).where(Account.student_id.in_(keys))))
            albums = {key: album for key, album in batch if album and key not in made}
            taken = session.scalar(select(Account.login).where(Account.login.in_(albums.values())))
            if taken is not None:
                raise LoginTaken(taken)
            session.add_all(_new_account(album, Role.STUDENT, key) for key, album in albums.items())


def _follow_album_numbers() -> None:
    """Accounts go by the number that USOS says today."""
    album = select(Student.album_number).where(Student.id == Account.student_id).scalar_subquery()
    other = aliased(Account)
    free = ~select(other.id).where(other.login == album).exists()
    with write() as session:
        in_turn(session, ACCOUNTS)
        # Two students may have swapped numbers, so first all let go of theirs.
        session.execute(
            update(Account)
            .where(Account.role == Role.STUDENT, Account.login != album)
            .values(login="~" + Account.public_id),
            execution_options={"synchronize_session": False},
        )
        session.execute(
            update(Account)
            .where(Account.role == Role.STUDENT, Account.login.startswith("~"), album.is_not(None), free)
            .values(login=album),
            execution_options={"synchronize_session": False},
        )


def _invite(logins: Sequence[str], valid_for: timedelta) -> list[Invitation]:
    valid_until = clock.now() + valid_for
    made: list[Invitation] = []
    for batch in _batches(logins):
        with write() as session:
            in_turn(session, ACCOUNTS)
            rows = session.execute(
                select(Account, Student.given_names, Student.surname)
                .outerjoin(Student, Student.id == Account.student_id)
                .where(Account.login.in_(batch))
                .order_by(Account.login)
            ).all()
            addresses = links.make(session, [account for account, _, _ in rows], valid_until)
        made += [
            Invitation(account.login, given_names or "", surname or "", address, valid_until)
            for (account, given_names, surname), address in zip(rows, addresses, strict=True)
        ]
    return made


def _new_account(login: str, role: Role, student_id: int | None) -> Account:
    return Account(
        public_id=uuid.uuid4().hex, login=login, role=role, student_id=student_id, created_at=clock.now()
    )


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
