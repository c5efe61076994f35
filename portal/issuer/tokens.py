"""The token endpoint's decisions: a code and an activation code against an access token, once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.issuer import cards, families, offers
from portal.issuer.errors import REFUSED_CODE, ProtocolError, WrongActivationCode, bad_token
from portal.issuer.events import listener
from portal.issuer.families import Granted
from portal.issuer.models import AccessToken, Card, CardOffer, CardStatus, OfferStatus


@dataclass(frozen=True)
class Bearer:
    """A token that is good now, and what it is good for."""

    id: int
    card_id: int
    reference: str
    by_identifier: bool
    holder_thumbprint: str | None
    card_data: bytes | None


def redeem(code: str, activation_code: str, actor: Actor, *, by_identifier: bool) -> Granted:
    """The first tokens for the offer with this code.

    The activation code is checked before the code is spent, and wrong ones are counted in the database, so
    that trying in parallel or across restarts gains nothing. Raises `ProtocolError` (`invalid_grant`).
    """
    known = offers.by_code(code)
    if known is None:
        offers.refuse_unknown(actor, "code")
        raise _refused()
    if not known.is_open() or known.activation_hash is None:
        offers.refuse_closed(known, actor, "code")
        raise _refused()
    given = offers.activation_hash(activation_code)
    if not hmac.compare_digest(given, known.activation_hash):
        raise WrongActivationCode(_count_wrong(known, actor))
    granted = families.new_tokens(by_identifier=by_identifier)
    if not _spend(known, granted):
        offers.refuse_closed(known, actor, "code")
        raise _refused()
    return granted


def bearer(token: str) -> Bearer:
    """Raises `ProtocolError` (401) where the token is unknown or has expired."""
    found = db.session.execute(
        select(
            AccessToken.id,
            AccessToken.card_id,
            Card.reference,
            AccessToken.by_identifier,
            AccessToken.holder_thumbprint,
            Card.data,
        )
        .join(Card, Card.id == AccessToken.card_id)
        .where(AccessToken.token_hash == families.token_hash(token), AccessToken.expires_at > clock.now())
    ).one_or_none()
    if found is None:
        raise bad_token()
    return Bearer(*found)


def _spend(known: offers.Known, granted: Granted) -> bool:
    now = clock.now()
    live = select(Card.id).where(Card.id == CardOffer.card_id, Card.status == CardStatus.LIVE).exists()
    fitting = (CardOffer.attempts < offers.MAX_ATTEMPTS, CardOffer.expires_at > now, live)
    with write() as session:
        cards.lock(session, Card.id == known.card_id)
        if not offers.change(session, known.id, OfferStatus.OPEN, OfferStatus.SPENT, *fitting, spent_at=now):
            return False
        families.start(session, granted, card_id=known.card_id, offer_id=known.id)
    return True


def _count_wrong(known: offers.Known, actor: Actor) -> int | None:
    """How many tries are left; None where the offer was closed meanwhile."""
    with write() as session:
        cards.lock(session, Card.id == known.card_id)
        attempts = session.execute(
            update(CardOffer)
            .where(CardOffer.id == known.id, CardOffer.status == OfferStatus.OPEN)
            .values(attempts=CardOffer.attempts + 1)
            .returning(CardOffer.attempts)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        if attempts is None:
            return None
        audit.record(
            session,
            audit.Event.OFFER_REFUSED,
            actor=actor,
            subject=known.reference,
            detail="wrong_activation_code",
        )
        if attempts >= offers.MAX_ATTEMPTS:
            void(session, known.id, known.reference, OfferStatus.OPEN, "wrong_codes")
        return max(0, offers.MAX_ATTEMPTS - attempts)


def void(session: Session, offer_id: int, reference: str, before: OfferStatus, reason: str) -> bool:
    """Close an offer that led to no card, and say so; False where somebody else was first."""
    if not offers.change(session, offer_id, before, OfferStatus.VOID):
        return False
    audit.record(session, audit.Event.OFFER_VOIDED, actor=audit.SYSTEM, subject=reference, detail=reason)
    tell_died(session, reference, reason)
    return True


def tell_died(session: Session, reference: str, reason: str) -> None:
    """Say that the offer is void. Of a card whose last day has just passed there is nothing left to offer."""
    if cards.may_be_offered(session, reference):
        listener().offer_died(session, reference, reason)


def spent_before(now: datetime) -> datetime:
    """Offers spent before this instant have a token that is dead by now."""
    return now - families.LIFETIME


def _refused() -> ProtocolError:
    return ProtocolError("invalid_grant", REFUSED_CODE)
