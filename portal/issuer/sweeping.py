"""What time does at the issuer. Each round reads first, and writes only where something is due."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import delete, or_, select, update

from portal import clock
from portal.database import db, write
from portal.issuer import cards, families, offers, tokens
from portal.issuer.models import (
    AccessToken,
    Card,
    CardOffer,
    CardStatus,
    OfferStatus,
    RefreshToken,
    SpentNonce,
    TokenFamily,
)
from portal.unavailable import is_unavailable

BATCH = 100
KEEP_DEAD_FAMILIES = timedelta(days=1)
"""Longer than their last access token lives."""
KEEP_RETIRED = timedelta(days=30)
"""So long a retired refresh token is recognised as stolen; after that it is unknown, and refused as such."""

CLOCK_SET_BACK = timedelta(minutes=5)
"""What was written further ahead than this was written by a clock that was wrong."""

_log = logging.getLogger(__name__)


def sweep() -> None:
    """One round, at most `BATCH` rows of each kind; called again after a few seconds."""
    void_spent()
    expire_offers()
    end_cards()
    forget_tokens()
    forget_families()
    forget_retired()
    forget_nonces()


def void_spent() -> None:
    """Offers whose code was spent by a wallet that then took no card while its token lived."""
    due = db.session.execute(
        select(CardOffer.id, CardOffer.card_id, Card.reference)
        .join(Card, Card.id == CardOffer.card_id)
        .where(
            CardOffer.status == OfferStatus.SPENT,
            or_(
                CardOffer.spent_at <= tokens.spent_before(clock.now()),
                CardOffer.spent_at > clock.now() + CLOCK_SET_BACK,
            ),
        )
        .limit(BATCH)
    ).all()
    for offer in due:
        try:
            with write() as session:
                cards.lock(session, Card.id == offer.card_id)
                tokens.void(session, offer.id, offer.reference, OfferStatus.SPENT, "spent")
        except Exception as error:  # one card's trouble must not keep the others from their codes
            if is_unavailable(error):
                raise
            _log.exception("the spent offer of %s could not be voided", offer.reference)


def expire_offers() -> None:
    """Offers that nobody used in time: their secrets are erased."""
    now = clock.now()
    overdue = (CardOffer.status == OfferStatus.OPEN, CardOffer.expires_at <= now)
    due = db.session.scalars(select(CardOffer.id).where(*overdue).limit(BATCH)).all()
    if due:
        with write() as session:
            session.execute(
                update(CardOffer)
                .where(CardOffer.id.in_(due), *overdue)
                .values(status=OfferStatus.EXPIRED, closed_at=now, **offers.ERASED)
                .execution_options(synchronize_session=False)
            )


def end_cards() -> None:
    """Cards whose last day has passed: what they said is erased."""
    over = (Card.status == CardStatus.LIVE, Card.valid_until < clock.today())
    due = db.session.scalars(select(Card.id).where(*over).limit(BATCH)).all()
    if due:
        with write() as session:
            cards.end(session, Card.id.in_(due), *over)


def forget_tokens() -> None:
    due = db.session.scalars(
        select(AccessToken.id).where(AccessToken.expires_at <= clock.now()).limit(BATCH)
    ).all()
    if due:
        with write() as session:
            session.execute(
                delete(AccessToken)
                .where(AccessToken.id.in_(due))
                .execution_options(synchronize_session=False)
            )


def forget_families() -> None:
    dead = TokenFamily.voided_at <= clock.now() - KEEP_DEAD_FAMILIES
    due = db.session.scalars(select(TokenFamily.id).where(dead).limit(BATCH)).all()
    if due:
        with write() as session:
            families.erase(session, TokenFamily.id.in_(due))


def forget_retired() -> None:
    old = RefreshToken.retired_at <= clock.now() - KEEP_RETIRED
    due = db.session.scalars(select(RefreshToken.id).where(old).limit(BATCH)).all()
    if due:
        with write() as session:
            families.erase_retired(session, due)


def forget_nonces() -> None:
    due = db.session.scalars(
        select(SpentNonce.id).where(SpentNonce.expires_at <= clock.now()).limit(BATCH)
    ).all()
    if due:
        with write() as session:
            session.execute(
                delete(SpentNonce).where(SpentNonce.id.in_(due)).execution_options(synchronize_session=False)
            )
