"""How cards stand, told to whoever compares them with their orders (`interface.OpenBooks`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.issuer.interface import CardState
from portal.issuer.models import Card, CardOffer, CardStatus, IssuedCopy, OfferStatus


def states(session: Session, references: Sequence[str]) -> dict[str, CardState]:
    cards = session.execute(
        select(Card.id, Card.reference, Card.status, Card.valid_until).where(Card.reference.in_(references))
    ).all()
    ids = [card.id for card in cards]
    active = CardOffer.status.in_([OfferStatus.OPEN, OfferStatus.SPENT])
    offered = set(session.scalars(select(CardOffer.card_id).where(CardOffer.card_id.in_(ids), active)))
    copies = select(IssuedCopy.card_id).where(IssuedCopy.card_id.in_(ids), IssuedCopy.revoked_at.is_(None))
    out = set(session.scalars(copies))
    return {
        card.reference: CardState(
            card.status == CardStatus.LIVE, card.id in offered, card.id in out, card.valid_until
        )
        for card in cards
    }


def live_cards(session: Session) -> int:
    return session.scalar(select(func.count()).where(Card.status == CardStatus.LIVE)) or 0
