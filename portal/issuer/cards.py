"""Cards: prepared once for each reference, ended for good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
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
    made = _add(session, [_row(asked[reference]) for reference in sorted(asked)])
    if made:
        first = [(id_, asked[reference]) for reference, id_ in made.items()]
        session.execute(
            insert(CardOffer),
            [offers.row(id_, 1, one.request.data.valid_until, one.secrets) for id_, one in first],
        )
    known = asked.keys() - made.keys()
    ended = select(Card.reference).where(Card.reference.in_(known), Card.status == CardStatus.ENDED)
    return set(session.scalars(ended))


def _add(session: Session, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Those of these rows, in the order of their references, that are new; their keys by reference.

    Whoever adds the same card at this moment is waited for.
    """
    insert_ = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert_(Card).on_conflict_do_nothing(index_elements=[Card.reference])
    made = session.execute(new.returning(Card.reference, Card.id), rows)
    return {row.reference: row.id for row in made}


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


def revoke(session: Session, references: Collection[str]) -> None:
    """End these cards. One that was never prepared is noted as ended, so that a late `prepare` is refused."""
    known = session.scalars(select(Card.reference).where(Card.reference.in_(references)))
    _note_ended(session, set(references).difference(known))
    end(session, Card.reference.in_(references))


def end(session: Session, *which: ColumnElement[bool]) -> None:
    """Erase what these cards said, withdraw their offers, end their tokens' families, revoke their copies."""
    ids = session.scalars(select(Card.id).where(*which).order_by(Card.id).with_for_update()).all()
    if not ids:
        return
    session.execute(
        update(Card)
        .where(Card.id.in_(ids), Card.status == CardStatus.LIVE)
        .values(status=CardStatus.ENDED, data=None, ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    offers.withdraw(session, ids)
    families.close(session, TokenFamily.card_id.in_(ids))
    copies.revoke_all(session, ids)


def _note_ended(session: Session, references: Collection[str]) -> None:
    """Unless somebody prepares them, or notes the same, at this moment: `end` finds these then."""
    now = clock.now()
    rows = [
        {"reference": reference, "status": CardStatus.ENDED, "created_at": now, "ended_at": now}
        for reference in sorted(references)
        if 0 < len(reference) <= MAX_REFERENCE
    ]
    if rows:
        _add(session, rows)
