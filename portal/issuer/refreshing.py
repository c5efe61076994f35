"""The refresh token grant (RFC 6749, 6): how a wallet fetches the card anew without new codes.

Each answer brings a successor. The token that was shown stays good until the successor or the access token
beside it has been used, so that a lost answer strands nobody; shown again before that, it replaces what it
gave out. Shown after that, somebody has a copy of it, and the family dies (RFC 9700, 4.14.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.issuer import cards, families, limits
from portal.issuer.errors import ProtocolError
from portal.issuer.families import Granted, Place
from portal.issuer.models import Card, CardStatus, RefreshToken, TokenFamily


@dataclass(frozen=True)
class _Known:
    """A refresh token of a family that lives, for a card that lives and was taken."""

    id: int
    predecessor_id: int | None
    retired_at: datetime | None
    family_id: int
    card_id: int
    offer_id: int
    reference: str
    holder_thumbprint: str | None
    by_identifier: bool

    def successor(self) -> Place:
        return Place(
            self.family_id,
            self.card_id,
            self.offer_id,
            predecessor_id=self.id,
            holder_thumbprint=self.holder_thumbprint,
        )


def refresh(token: str, actor: Actor, *, by_identifier: bool) -> Granted:
    """A new access token and the successor of this refresh token.

    Raises `ProtocolError`: `invalid_grant`, and 429 where it is asked for too often.
    """
    known = _find(db.session(), token)
    if known is None:
        raise _refused()  # unknown, or dead for good: the writer needn't hear of it
    if known.retired_at is None:
        limits.admit_refresh(db.session(), known.family_id)
    granted = families.new_tokens(by_identifier=by_identifier or known.by_identifier)
    with write() as session:
        cards.lock(session, Card.id == known.card_id)
        known = _find(session, token)  # what it is now that nobody else changes it
        good = known is not None and known.retired_at is None
        if known is not None and good:
            limits.admit_refresh(session, known.family_id)
            _rotate(session, known, granted)
        elif known is not None:
            _void(session, known, actor)
    if not good:
        raise _refused()
    return granted


def _rotate(session: Session, known: _Known, granted: Granted) -> None:
    if known.predecessor_id is not None:
        families.retire(session, RefreshToken.id == known.predecessor_id)
    families.retire(session, RefreshToken.predecessor_id == known.id)
    families.add(session, granted, known.successor())


def _void(session: Session, known: _Known, actor: Actor) -> None:
    families.void(session, known.offer_id)
    audit.record(
        session,
        audit.Event.TOKENS_VOIDED,
        actor=actor,
        subject=known.reference,
        detail="old_refresh_token",
    )


def _find(session: Session, token: str) -> _Known | None:
    found = session.execute(_query(families.token_hash(token))).one_or_none()
    return None if found is None else _Known(*found)


def _query(
    token_hash: str,
) -> Select[int, int | None, datetime | None, int, int, int, str, str | None, bool]:
    return (
        select(
            RefreshToken.id,
            RefreshToken.predecessor_id,
            RefreshToken.retired_at,
            RefreshToken.family_id,
            TokenFamily.card_id,
            TokenFamily.offer_id,
            Card.reference,
            TokenFamily.holder_thumbprint,
            TokenFamily.by_identifier,
        )
        .join(TokenFamily, TokenFamily.id == RefreshToken.family_id)
        .join(Card, Card.id == TokenFamily.card_id)
        .where(
            RefreshToken.token_hash == token_hash,
            TokenFamily.voided_at.is_(None),
            TokenFamily.holder_thumbprint.is_not(None),
            Card.status == CardStatus.LIVE,
            Card.valid_until >= clock.today(),
        )
    )


def _refused() -> ProtocolError:
    # One answer for all: nobody learns whether the token ever was, or what became of its card.
    return ProtocolError("invalid_grant", "the refresh token is unknown, used or has ended")
