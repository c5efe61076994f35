"""Cards: prepared once for each reference, ended for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db
from portal.issuer import card_data, copies, families, offers
from portal.issuer.interface import CardRequest, IssuerRefused
from portal.issuer.models import Card, CardOffer, CardStatus, TokenFamily
from portal.issuer.offers import Secrets

MAX_REFERENCE = 64


@dataclass(frozen=True)
class Prepared:
    """A request with everything made that needs no transaction: encryption, random values."""

    request: CardRequest
    sealed: bytes
    secrets: Secrets


def check(request: CardRequest) -> None:
    """Raises `IssuerRefused` where no card can be made of this."""
    if not 0 < len(request.reference) <= MAX_REFERENCE:
        raise IssuerRefused("bad_reference")
    why = card_data.refusal(request.data, clock.today())
    if why is not None:
        raise IssuerRefused(why)


def make(request: CardRequest) -> Prepared:
    return Prepared(request, card_data.seal(request.data), offers.new_secrets())


def store(session: Session, prepared: Sequence[Prepared]) -> set[str]:
    """Write the cards and their first offers, but for those whose reference is known.

    Answers the references whose card has ended, be it before it was prepared.
    """
    asked = {one.request.reference: one for one in prepared}
    known = session.execute(select(Card.reference, Card.status).where(Card.reference.in_(asked))).all()
    new = [asked[reference] for reference in asked.keys() - {card.reference for card in known}]
    if new:
        rows = [_row(one) for one in new]
        made = session.execute(insert(Card).returning(Card.id, Card.reference), rows).all()
        first = [(card.id, asked[card.reference]) for card in made]
        session.execute(
            insert(CardOffer),
            [offers.row(id_, 1, one.request.data.valid_until, one.secrets) for id_, one in first],
        )
    return {card.reference for card in known if card.status == CardStatus.ENDED}


def _row(prepared: Prepared) -> dict[str, Any]:
    return {
        "reference": prepared.request.reference,
        "status": CardStatus.LIVE,
        "data": prepared.sealed,
        "valid_until": prepared.request.data.valid_until,
        "created_at": clock.now(),
    }


def may_be_offered(session: Session, reference: str) -> bool:
    """Whether the card lives, so that its owner can be given new codes."""
    return session.scalar(select(Card.id).where(Card.reference == reference, *living())) is not None


def living() -> tuple[ColumnElement[bool], ...]:
    """The conditions of a card that has not ended, be it that the sweep is late."""
    return Card.status == CardStatus.LIVE, Card.valid_until >= clock.today()


def lock(session: Session, which: ColumnElement[bool]) -> None:
    """Have all others wait who would change what belongs to these cards, until the transaction ends."""
    session.execute(select(Card.id).where(which).order_by(Card.id).with_for_update())


def sealed(card_id: int) -> bytes | None:
    """What the card says now; None where it has ended."""
    return db.session.scalar(select(Card.data).where(Card.id == card_id, *living()))


def renew_offer(session: Session, reference: str) -> None:
    """Raises `IssuerRefused` where there is no such card or it has ended."""
    card = session.execute(
        select(Card.id, Card.valid_until)
        .where(Card.reference == reference, Card.status == CardStatus.LIVE)
        .with_for_update()
    ).one_or_none()
    if card is None or card.valid_until is None or card.valid_until < clock.today():
        raise IssuerRefused("ended")
    offers.reopen(session, card.id, card.valid_until)


def revoke(session: Session, reference: str) -> None:
    """End the card. One that was never prepared is noted as ended, so that a late `prepare` is refused."""
    card = session.execute(
        select(Card.id, Card.status).where(Card.reference == reference).with_for_update()
    ).one_or_none()
    if card is None:
        _note_ended(session, reference)
    elif card.status == CardStatus.LIVE:
        end(session, card.id)
    else:
        copies.revoke_all(session, card.id)


def end(session: Session, card_id: int) -> None:
    """Erase what the card said, withdraw its offers, end its tokens' families, revoke its copies."""
    session.execute(
        update(Card)
        .where(Card.id == card_id, Card.status == CardStatus.LIVE)
        .values(status=CardStatus.ENDED, data=None, ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    offers.withdraw(session, card_id)
    families.close(session, TokenFamily.card_id == card_id)
    copies.revoke_all(session, card_id)


def _note_ended(session: Session, reference: str) -> None:
    if not 0 < len(reference) <= MAX_REFERENCE:
        return
    now = clock.now()
    session.execute(
        insert(Card).values(reference=reference, status=CardStatus.ENDED, created_at=now, ended_at=now)
    )
