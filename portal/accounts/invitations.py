"""Accounts for imported people, and the links with which they set their passwords.

Works in small batches, so that pages can write in between. May be killed and run again: a second run makes
new links, and the first run's are dead. Takes turns with imports (`database.in_turn`), which change album
numbers, and with other administrators, who may invite the same people.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.accounts import albums, links
from portal.batches import batches
from portal.database import db, in_turn, write
from portal.identity import Account, Role
from portal.registry.forgetting import REGISTRY
from portal.registry.models import Student

BATCH = 200


class UnknownLogin(Exception):
    """Nobody has this album number or user name. The text is the log-in as given."""


class LoginTaken(Exception):
    """Somebody else goes by this log-in already. The text is the log-in."""


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


@dataclass(frozen=True)
class Invited:
    """The links that were made. `taken`: album numbers left out, since they are user names of staff."""

    made: Sequence[Invitation]
    taken: Sequence[str] = ()


def invite_all(valid_for: timedelta) -> Invited:
    """A link for every imported student with an album number and an account without a password."""
    taken = _bring_accounts(true())
    waiting = select(Account.login).where(
        Account.role == Role.STUDENT, Account.password_hash.is_(None), Account.enabled.is_(True), albums.NAMED
    )
    return Invited(_invite(db.session.scalars(waiting.order_by(Account.login)).all(), valid_for), taken)


def invite(logins: Sequence[str], valid_for: timedelta) -> Invited:
    """A link for each of these, with or without a password; who has one keeps it until the link is used.

    Raises `LoginTaken`, `UnknownLogin`, `AccountDisabled` and then makes no link at all.
    """
    logins = list(dict.fromkeys(logins))
    for taken in _bring_accounts(Student.album_number.in_(logins)):
        raise LoginTaken(taken)
    found = select(Account.login, Account.enabled).where(Account.login.in_(logins))
    enabled = {login: on for login, on in db.session.execute(found)}  # noqa: C416 — rows are no pairs to mypy
    for login in logins:
        if login not in enabled:
            raise UnknownLogin(login)
        if not enabled[login]:
            raise AccountDisabled(login)
    return Invited(_invite(logins, valid_for))


def add_staff(login: str, valid_for: timedelta) -> Invitation:
    """A new staff account without a password, and the link to set one.

    Raises `LoginTaken`, also for a student's album number: that student could never log in.
    """
    with write() as session:
        albums.follow_all(session)
        account_of = select(Account.id).where(Account.login == login)
        number_of = select(Student.id).where(Student.album_number == login)
        if session.scalar(account_of.union_all(number_of).limit(1)) is not None:
            raise LoginTaken(login)
        account = _new_account(login, Role.STAFF, None)
        session.add(account)
        audit.record(session, audit.Event.ACCOUNT_ADDED, actor=audit.COMMAND_LINE, subject=account.public_id)
    return _invite([login], valid_for)[0]


def _bring_accounts(students: ColumnElement[bool]) -> list[str]:
    """Each of these students with an album number has an account that goes by it.

    But for those whose number is a user name of the staff: these numbers are returned.
    """
    with write() as session:
        albums.follow_all(session)
    without = (students, Student.album_number.is_not(None), Account.id.is_(None))
    missing = select(Student.id).outerjoin(Account, Account.student_id == Student.id).where(*without)
    for keys in batches(db.session.scalars(missing.order_by(Student.album_number)).all(), BATCH):
        with write() as session:
            in_turn(session, REGISTRY)
            _add_accounts(session, keys)
    return albums.shadowed(db.session(), students)


def _add_accounts(session: Session, student_ids: Sequence[int]) -> None:
    """Who has got an account meanwhile, or lost the number, is left out; so is whose number is taken."""
    hindrance = or_(Account.student_id == Student.id, Account.login == Student.album_number)
    numbers = session.execute(
        select(Student.id, Student.album_number).where(
            Student.id.in_(student_ids),
            Student.album_number.is_not(None),
            ~select(Account.id).where(hindrance).exists(),
        )
    )
    session.add_all(_new_account(str(number), Role.STUDENT, key) for key, number in numbers)


def _invite(logins: Sequence[str], valid_for: timedelta) -> list[Invitation]:
    valid_until = clock.now() + valid_for
    made: list[Invitation] = []
    for batch in batches(logins, BATCH):
        with write() as session:
            in_turn(session, REGISTRY)
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
