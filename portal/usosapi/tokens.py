"""Request tokens, which ask a student, and access tokens, which are the student's answer.

Every step is one conditional statement: who finds no row was too late, or somebody else.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update, delete, or_, select, update
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.encryption import fingerprint
from portal.identity import Account, AccountSession
from portal.usosapi import scopes
from portal.usosapi.consumers import OOB
from portal.usosapi.models import AccessToken, Consumer, RequestToken
from portal.usosapi.scopes import Scope

REQUEST_LIFETIME = timedelta(minutes=15)
ACCESS_LIFETIME = timedelta(hours=2)
"""Of an access token without `offline_access`."""
TRIES = 5
"""Verifiers that may be tried: a PIN is short."""
PIN_DIGITS = 8
VERIFIER_LENGTH = 32


class WrongVerifier(Exception):
    """Not the verifier of this request token, or nobody has agreed, or it was used."""


@dataclass(frozen=True)
class NewToken:
    token: str = field(repr=False)
    secret: str = field(repr=False)


def ask(consumer: Consumer, callback: str, wanted: Collection[Scope]) -> NewToken:
    """A new request token of this app."""
    new = _new()
    row = RequestToken(
        token_hash=_hash(new.token),
        secret=new.secret,
        consumer_id=consumer.id,
        callback=callback,
        scopes=scopes.joined(wanted),
        expires_at=clock.now() + REQUEST_LIFETIME,
    )
    with write() as session:
        session.add(row)
    return new


def asked(token: str) -> RequestToken | None:
    """The request token while its time runs, agreed to or not. Detached, like all that is found here."""
    found = db.session.scalar(
        select(RequestToken).where(
            RequestToken.token_hash == _hash(token), RequestToken.expires_at > clock.now()
        )
    )
    if found is not None:
        _detach(found, found.consumer)
    return found


def agree(request: RequestToken, mine: AccountSession) -> bool:
    """The student lets the app in; False where it is too late for that. May be said twice."""
    consumer_id = request.consumer.public_id
    with write() as session:
        agreed = update(RequestToken).where(*_unanswered(request)).values(account_id=mine.account.id)
        if not _one(session, agreed):
            whose = select(RequestToken.account_id).where(RequestToken.id == request.id)
            return session.scalar(whose) == mine.account.id  # by a double click
        event = audit.Event.APP_ALLOWED
        audit.record(session, event, actor=mine.actor, subject=mine.account.public_id, detail=consumer_id)
    return True


def refuse(request: RequestToken) -> bool:
    """The student keeps the app out: the request token ends. False where it is too late for that."""
    with write() as session:
        return _one(session, delete(RequestToken).where(*_unanswered(request)))


def verifier(token: str, callback: str) -> str:
    """What proves to the app that the student agreed: a PIN to type, or a long word to send along.

    A keyed hash of the request token, so that it is kept nowhere and the page can show it again.
    """
    digest = fingerprint(token, "usosapi.verifier")
    if callback == OOB:
        return f"{int(digest, 16) % 10**PIN_DIGITS:0{PIN_DIGITS}}"
    return digest[:VERIFIER_LENGTH]


def exchange(request: RequestToken, token: str, shown: str) -> NewToken:
    """The access token for an agreed request token, which is used up. Raises `WrongVerifier`."""
    right = hmac.compare_digest(verifier(token, request.callback).encode(), shown.encode())
    row = None
    with write() as session:
        counted = update(RequestToken).where(
            RequestToken.id == request.id,
            RequestToken.tries < TRIES,
            RequestToken.account_id.in_(select(Account.id).where(Account.enabled)),
            RequestToken.expires_at > clock.now(),
        )
        if _one(session, counted.values(tries=RequestToken.tries + 1)) and right:
            new, row = _access(session.get_one(RequestToken, request.id))
            session.execute(delete(RequestToken).where(RequestToken.id == request.id))
            session.add(row)
    if row is None:
        raise WrongVerifier
    return new


def access(consumer: Consumer, token: str) -> AccessToken | None:
    """The access that this app has by this token now; None too where the account is disabled."""
    found = db.session.scalar(
        select(AccessToken)
        .join(AccessToken.account)
        .where(
            AccessToken.token_hash == _hash(token),
            AccessToken.consumer_id == consumer.id,
            Account.enabled,
            or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > clock.now()),
        )
    )
    if found is not None:
        _detach(found, found.consumer, found.account)
    return found


def revoke(granted: AccessToken, actor: Actor) -> None:
    """The app gives its access back."""
    subject, consumer_id = granted.account.public_id, granted.consumer.public_id
    with write() as session:
        if _one(session, delete(AccessToken).where(AccessToken.id == granted.id)):
            event = audit.Event.APP_ACCESS_ENDED
            audit.record(session, event, actor=actor, subject=subject, detail=consumer_id)


def _access(request: RequestToken) -> tuple[NewToken, AccessToken]:
    new, now = _new(), clock.now()
    lasting = Scope.OFFLINE_ACCESS in scopes.parse(request.scopes)
    row = AccessToken(
        token_hash=_hash(new.token),
        secret=new.secret,
        consumer_id=request.consumer_id,
        account_id=cast(int, request.account_id),
        scopes=request.scopes,
        created_at=now,
        expires_at=None if lasting else now + ACCESS_LIFETIME,
    )
    return new, row


def _unanswered(request: RequestToken) -> tuple[Any, ...]:
    return (
        RequestToken.id == request.id,
        RequestToken.account_id.is_(None),
        RequestToken.expires_at > clock.now(),
    )


def _detach(*things: object) -> None:
    """Its row may be gone at any moment; what was read of it must not be read again."""
    for thing in things:
        db.session.expunge(thing)


def _one(session: Session, statement: Update | Delete) -> bool:
    done = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", done).rowcount == 1


def _new() -> NewToken:
    return NewToken(secrets.token_urlsafe(15), secrets.token_urlsafe(30))


def _hash(token: str) -> str:
    return fingerprint(token, "usosapi.token")
