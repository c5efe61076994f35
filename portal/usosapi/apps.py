"""The student's view: which apps have access to what, and taking it back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select

from portal import audit, clock
from portal.database import db, write
from portal.identity import AccountSession
from portal.usosapi import scopes
from portal.usosapi.models import AccessToken, Consumer, RequestToken
from portal.usosapi.scopes import Scope


@dataclass(frozen=True)
class App:
    """An app with access, however many tokens it holds."""

    public_id: str
    name: str
    scopes: tuple[Scope, ...]
    since: datetime
    used_at: datetime | None
    ends_at: datetime | None
    """None: no end is set."""


def of_account(account_id: int) -> list[App]:
    """Apps with access now, by name."""
    found = defaultdict(list)
    live = or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > clock.now())
    for token in db.session.scalars(select(AccessToken).where(AccessToken.account_id == account_id, live)):
        found[token.consumer_id].append(token)
    return sorted((_app(tokens) for tokens in found.values()), key=lambda app: app.name.casefold())


def told(account_id: int) -> list[dict[str, Any]]:
    """The same for „Moje dane”."""
    return [
        {
            "name": app.name,
            "scopes": list(app.scopes),
            "since": app.since,
            "last_used_at": app.used_at,
            "until": app.ends_at,
        }
        for app in of_account(account_id)
    ]


def _app(tokens: list[AccessToken]) -> App:
    consumer = tokens[0].consumer
    ends = [token.expires_at for token in tokens]
    return App(
        public_id=consumer.public_id,
        name=consumer.name,
        scopes=scopes.ordered({scope for token in tokens for scope in scopes.parse(token.scopes)}),
        since=min(token.created_at for token in tokens),
        used_at=max((token.used_at for token in tokens if token.used_at), default=None),
        ends_at=None if None in ends else max(end for end in ends if end is not None),
    )


def withdraw(mine: AccountSession, public_id: str) -> str:
    """End all access of this app to this account, also what it could still fetch; the app's name.

    Raises `LookupError` where there is no such app with access.
    """
    account_id, subject = mine.account.id, mine.account.public_id
    with write() as session:
        consumer = session.scalar(select(Consumer).where(Consumer.public_id == public_id))
        if consumer is None:
            raise LookupError(public_id)
        name, ended = consumer.name, 0
        # In this order: an exchange that goes on just now holds its request token, and is waited for.
        for table in (RequestToken, AccessToken):
            gone = delete(table).where(table.account_id == account_id, table.consumer_id == consumer.id)
            ended += len(session.scalars(gone.returning(table.id)).all())
        if not ended:
            raise LookupError(public_id)
        event = audit.Event.APP_ACCESS_ENDED
        audit.record(session, event, actor=mine.actor, subject=subject, detail=public_id)
    return name
