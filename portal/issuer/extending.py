"""Extending: living cards say something new from now on. Wallets get it when they refresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.database import db, write
from portal.encryption import DecryptionError
from portal.issuer import card_data, cards, offers
from portal.issuer.interface import CardData, CardRequest, IssuerRefused, IssuerUnavailable
from portal.issuer.models import Card

Answers = dict[str, Exception | None]


@dataclass(frozen=True)
class _Change:
    """What one card is to say, sealed before the transaction."""

    reference: str
    card_id: int
    sealed: bytes
    before: date | None
    valid_until: date


def extend(requests: Sequence[CardRequest]) -> Answers:
    """One transaction for all of these checked requests; see `interface.Issuer.extend`."""
    asked = {request.reference: request.data for request in requests}
    found = db.session.execute(
        select(Card.reference, Card.id, Card.data, Card.valid_until).where(
            Card.reference.in_(asked), *cards.living()
        )
    ).all()
    answers: Answers = {reference: IssuerRefused("ended") for reference in asked}
    changes: list[_Change] = []
    for reference, card_id, sealed, before in found:
        if sealed is None:
            continue  # only what has ended says nothing
        answers[reference] = None
        try:
            data = _renewed(sealed, asked[reference])
        except DecryptionError:
            # A key that somebody forgot to bring along; with it the same request will do.
            answers[reference] = IssuerUnavailable("the card can't be read")
            continue
        if data is not None:
            changes.append(_Change(reference, card_id, card_data.seal(data), before, data.valid_until))
    return answers | _store(changes)


def _renewed(sealed: bytes, asked: CardData) -> CardData | None:
    """What the card is to say, with its own date of issue; None where it says so already."""
    now = card_data.unseal(sealed)
    new = replace(asked, issued_on=now.issued_on)
    return None if new == now else new


def _store(changes: Sequence[_Change]) -> Answers:
    if not changes:
        return {}
    with write() as session:
        in_order = sorted(changes, key=lambda change: change.card_id)
        ended = [change.reference for change in in_order if not _change(session, change)]
    return {reference: IssuerRefused("ended") for reference in ended}


def _change(session: Session, change: _Change) -> bool:
    """False where the card ended meanwhile."""
    changed = session.execute(
        update(Card)
        .where(Card.id == change.card_id, *cards.living())
        .values(data=change.sealed, valid_until=change.valid_until)
        .returning(Card.id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        return False
    if change.before is not None and change.valid_until < change.before:
        offers.shorten(session, change.card_id, change.valid_until)
    return True
