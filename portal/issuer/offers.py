"""Offers: the chance to collect a card with a QR and an activation code, once."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from portal import audit, clock
from portal.audit import Actor
from portal.database import db, write
from portal.encryption import fingerprint
from portal.issuer import families
from portal.issuer.card_data import ends_at
from portal.issuer.models import Card, CardOffer, CardStatus, OfferStatus, TokenFamily
from portal.issuer.throttles import unknown_refusals
from portal.settings import settings

MAX_ATTEMPTS = 5
ACTIVATION_DIGITS = 8
AUDIT_EVERY = timedelta(minutes=1)
"""A refused offer is written down at most this often."""

ADDRESS = "offer address"
CODE = "pre-authorized code"
ACTIVATION = "activation code"

ERASED: dict[str, None] = {"address": None, "code": None, "activation_code": None, "activation_hash": None}


@dataclass(frozen=True)
class Secrets:
    """What makes an offer, with its keyed hashes; made before the writing transaction."""

    address: str
    code: str
    activation_code: str

    def columns(self) -> dict[str, str]:
        return {
            "address": self.address,
            "address_hash": fingerprint(self.address, ADDRESS),
            "code": self.code,
            "code_hash": fingerprint(self.code, CODE),
            "activation_code": self.activation_code,
            "activation_hash": activation_hash(self.activation_code),
        }


@dataclass(frozen=True)
class Known:
    """An offer found by one of its secrets."""

    id: int
    card_id: int
    reference: str
    status: str
    code: str | None
    activation_hash: str | None
    expires_at: datetime

    def is_open(self) -> bool:
        return self.status == OfferStatus.OPEN and self.expires_at > clock.now()


def new_secrets() -> Secrets:
    """128 bits in the QR, 256 in the code that only machines carry, eight digits for the student to type."""
    return Secrets(
        address=secrets.token_urlsafe(16),
        code=secrets.token_urlsafe(32),
        activation_code=f"{secrets.randbelow(10**ACTIVATION_DIGITS):0{ACTIVATION_DIGITS}}",
    )


def activation_hash(code: str) -> str:
    return fingerprint(code, ACTIVATION)


def row(card_id: int, number: int, valid_until: date, made: Secrets) -> dict[str, Any]:
    """A new open offer. It never outlives the card that it offers."""
    now = clock.now()
    return {
        "card_id": card_id,
        "number": number,
        "status": OfferStatus.OPEN,
        "attempts": 0,
        "opened_at": now,
        "expires_at": min(now + settings().offer_lifetime, ends_at(valid_until)),
        **made.columns(),
    }


def reopen(session: Session, card_id: int, valid_until: date) -> None:
    """Withdraw what is open and open the next one."""
    withdraw(session, [card_id])
    last = session.scalar(select(func.max(CardOffer.number)).where(CardOffer.card_id == card_id)) or 0
    session.execute(insert(CardOffer).values(**row(card_id, last + 1, valid_until, new_secrets())))


def withdraw(session: Session, card_ids: Collection[int]) -> None:
    """Close these cards' offers that could still lead to a copy, and what came from them."""
    withdrawn = session.scalars(
        update(CardOffer)
        .where(
            CardOffer.card_id.in_(card_ids),
            CardOffer.status.in_([OfferStatus.OPEN, OfferStatus.SPENT]),
        )
        .values(status=OfferStatus.WITHDRAWN, closed_at=clock.now(), **ERASED)
        .returning(CardOffer.id)
        .execution_options(synchronize_session=False)
    ).all()
    if withdrawn:
        families.close(session, TokenFamily.offer_id.in_(withdrawn))


def shorten(session: Session, card_id: int, valid_until: date) -> None:
    """The card ends earlier now: so does what is open."""
    end = ends_at(valid_until)
    session.execute(
        update(CardOffer)
        .where(CardOffer.card_id == card_id, CardOffer.status == OfferStatus.OPEN, CardOffer.expires_at > end)
        .values(expires_at=end)
        .execution_options(synchronize_session=False)
    )


def change(
    session: Session, offer_id: int, before: OfferStatus, after: OfferStatus, *still: Any, **also: Any
) -> bool:
    """Move an offer on, erasing its secrets; False where somebody else was first.

    One that is void or withdrawn takes its tokens' family along. `still` are further conditions, `also`
    further columns.
    """
    closed = {} if after == OfferStatus.SPENT else {"closed_at": clock.now()}
    changed = session.execute(
        update(CardOffer)
        .where(CardOffer.id == offer_id, CardOffer.status == before, *still)
        .values(status=after, **closed, **ERASED, **also)
        .returning(CardOffer.id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is not None and after in (OfferStatus.VOID, OfferStatus.WITHDRAWN):
        families.close(session, TokenFamily.offer_id == offer_id)
    return changed is not None


def by_address(address: str) -> Known | None:
    return _find(CardOffer.address_hash == fingerprint(address, ADDRESS))


def by_code(code: str) -> Known | None:
    return _find(CardOffer.code_hash == fingerprint(code, CODE))


def _find(condition: Any) -> Known | None:
    found = db.session.execute(
        select(
            CardOffer.id,
            CardOffer.card_id,
            Card.reference,
            CardOffer.status,
            CardOffer.code,
            CardOffer.activation_hash,
            CardOffer.expires_at,
        )
        .join(Card, Card.id == CardOffer.card_id)
        .where(condition)
    ).one_or_none()
    return Known(*found) if found else None


def current(reference: str) -> CardOffer | None:
    """The card's open offer with its secrets, for the owner's eyes."""
    return db.session.scalar(
        select(CardOffer)
        .join(Card, Card.id == CardOffer.card_id)
        .where(
            Card.reference == reference,
            Card.status == CardStatus.LIVE,
            CardOffer.status == OfferStatus.OPEN,
            CardOffer.expires_at > clock.now(),
        )
        .execution_options(populate_existing=True)
    )


def refuse_closed(known: Known, actor: Actor, what: str) -> None:
    """Write down that a used or old offer was tried again: at most once a minute for each offer."""
    now = clock.now()
    with write() as session:
        due = session.execute(
            update(CardOffer)
            .where(
                CardOffer.id == known.id,
                CardOffer.refused_at.is_(None) | (CardOffer.refused_at <= now - AUDIT_EVERY),
            )
            .values(refused_at=now)
            .returning(CardOffer.id)
            .execution_options(synchronize_session=False)
        )
        if due.first() is not None:
            audit.record(
                session,
                audit.Event.OFFER_REFUSED,
                actor=actor,
                subject=known.reference,
                detail=f"{known.status}_{what}",
            )


def refuse_unknown(actor: Actor, what: str) -> None:
    """Write down that something made up or altered was tried; a flood of it fills no disk."""
    if unknown_refusals().admit("all"):
        with write() as session:
            audit.record(session, audit.Event.OFFER_REFUSED, actor=actor, detail=f"unknown_{what}")
