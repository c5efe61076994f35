"""Token families: all that one spent offer led to. They die together (RFC 9700, 4.14.2).

Whoever rotates tokens or issues a copy locks the card first, so that requests for one card stand in line.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.issuer.models import AccessToken, RefreshToken, TokenFamily

LIFETIME = timedelta(seconds=300)
"""Of an access token. A bearer token that lived longer would have to be bound to its sender."""


@dataclass(frozen=True)
class Granted:
    """What the token endpoint hands out; made before the writing transaction."""

    access_token: str
    refresh_token: str
    by_identifier: bool
    """The wallet is to name the card by the `credential_identifier` that it is given."""


@dataclass(frozen=True)
class Place:
    """Where in which family a new pair of tokens belongs."""

    family_id: int
    card_id: int
    offer_id: int
    predecessor_id: int | None = None
    holder_thumbprint: str | None = None


def new_tokens(*, by_identifier: bool) -> Granted:
    """256 random bits each."""
    return Granted(secrets.token_urlsafe(32), secrets.token_urlsafe(32), by_identifier)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def start(session: Session, granted: Granted, *, card_id: int, offer_id: int) -> None:
    """A family with its first tokens, for an offer that is being spent."""
    family_id = session.execute(
        insert(TokenFamily)
        .values(
            card_id=card_id, offer_id=offer_id, by_identifier=granted.by_identifier, created_at=clock.now()
        )
        .returning(TokenFamily.id)
    ).scalar_one()
    add(session, granted, Place(family_id, card_id, offer_id))


def add(session: Session, granted: Granted, place: Place) -> None:
    now = clock.now()
    refresh_token_id = session.execute(
        insert(RefreshToken)
        .values(
            token_hash=token_hash(granted.refresh_token),
            family_id=place.family_id,
            predecessor_id=place.predecessor_id,
            created_at=now,
        )
        .returning(RefreshToken.id)
    ).scalar_one()
    session.execute(
        insert(AccessToken).values(
            token_hash=token_hash(granted.access_token),
            card_id=place.card_id,
            offer_id=place.offer_id,
            refresh_token_id=refresh_token_id,
            by_identifier=granted.by_identifier,
            holder_thumbprint=place.holder_thumbprint,
            expires_at=now + LIFETIME,
        )
    )


def used(session: Session, refresh_token_id: int, holder_thumbprint: str) -> None:
    """A copy was issued with the access token beside this refresh token.

    The family belongs to this key from now on, and the token that was exchanged for this pair is retired.
    """
    token = select(RefreshToken.family_id, RefreshToken.predecessor_id)
    family_id, predecessor_id = session.execute(token.where(RefreshToken.id == refresh_token_id)).one()
    session.execute(
        update(TokenFamily)
        .where(TokenFamily.id == family_id, TokenFamily.holder_thumbprint.is_(None))
        .values(holder_thumbprint=holder_thumbprint)
        .execution_options(synchronize_session=False)
    )
    if predecessor_id is not None:
        retire(session, RefreshToken.id == predecessor_id)


def retire(session: Session, which: ColumnElement[bool]) -> None:
    """These refresh tokens are not to be shown again; the access tokens beside them are dead."""
    retired = session.scalars(
        update(RefreshToken)
        .where(which, RefreshToken.retired_at.is_(None))
        .values(retired_at=clock.now())
        .returning(RefreshToken.id)
        .execution_options(synchronize_session=False)
    ).all()
    if retired:
        _delete_access(session, AccessToken.refresh_token_id.in_(retired))


def close(session: Session, which: ColumnElement[bool]) -> None:
    """End these families. Their access tokens may still tell of what became of a copy, while they last."""
    session.execute(
        update(TokenFamily)
        .where(which, TokenFamily.voided_at.is_(None))
        .values(voided_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def void(session: Session, offer_id: int) -> None:
    """End the family of this offer because of a stolen token: its access tokens die at once."""
    close(session, TokenFamily.offer_id == offer_id)
    _delete_access(session, AccessToken.offer_id == offer_id)


def supersede(session: Session, card_id: int, offer_id: int) -> None:
    """The card is collected by this offer: no token of an earlier one may fetch it back."""
    close(session, (TokenFamily.card_id == card_id) & (TokenFamily.offer_id != offer_id))
    _delete_access(session, (AccessToken.card_id == card_id) & (AccessToken.offer_id != offer_id))


def erase(session: Session, which: ColumnElement[bool]) -> None:
    """Delete these families with all their tokens."""
    families = select(TokenFamily.id).where(which)
    tokens = select(RefreshToken.id).where(RefreshToken.family_id.in_(families))
    _delete_access(session, AccessToken.refresh_token_id.in_(tokens))
    # One statement, so that the chain's own foreign keys hold when it ends.
    session.execute(
        delete(RefreshToken)
        .where(RefreshToken.family_id.in_(families))
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(TokenFamily).where(which).execution_options(synchronize_session=False))


def erase_retired(session: Session, ids: Collection[int]) -> None:
    """Delete these refresh tokens of families that may live on."""
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.predecessor_id.in_(ids))
        .values(predecessor_id=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        delete(RefreshToken).where(RefreshToken.id.in_(ids)).execution_options(synchronize_session=False)
    )


def _delete_access(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(delete(AccessToken).where(which).execution_options(synchronize_session=False))
