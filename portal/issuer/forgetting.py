"""Forgetting ended cards. What stays are their places in the status lists, which nobody may have again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import String, cast, delete, literal, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db, write
from portal.issuer import families
from portal.issuer.models import AccessToken, Card, CardOffer, CardStatus, IssuedCopy, StatusList, TokenFamily

BATCH = 20
"""Cards forgotten in one transaction; each may have some dozens of tokens."""
FORGOTTEN = "forgotten "
"""How the names of what is left begin."""


def forget(references: Sequence[str]) -> None:
    """Those of these cards that have ended, in one transaction. Unknown references are fine."""
    ended = select(Card.id).where(Card.reference.in_(references), Card.status == CardStatus.ENDED)
    if not db.session.scalars(ended).all():
        return
    with write() as session:
        ids = session.scalars(ended.order_by(Card.id).with_for_update()).all()
        families.erase(session, TokenFamily.card_id.in_(ids))
        for table in (AccessToken, CardOffer):
            session.execute(
                delete(table).where(table.card_id.in_(ids)).execution_options(synchronize_session=False)
            )
        _bare_copies(session, ids)
        taken = set(session.scalars(select(IssuedCopy.card_id).where(IssuedCopy.card_id.in_(ids))))
        session.execute(
            delete(Card).where(Card.id.in_(set(ids) - taken)).execution_options(synchronize_session=False)
        )
        for card_id in taken:
            _make_tombstone(session, card_id)


def _bare_copies(session: Session, ids: Sequence[int]) -> None:
    """Leave the places, their bits, and how long each key's signature is needed.

    The times go too: the audit trail tells to the instant when each card was collected and ended. So does
    the version that revoked them, since versions tell an order. Whoever signs the list next has seen their
    bits in that version, or sees them in its present one.
    """
    session.execute(
        update(IssuedCopy)
        .where(IssuedCopy.card_id.in_(ids))
        .values(
            holder_thumbprint="",
            notification_id=literal(FORGOTTEN) + cast(IssuedCopy.id, String),
            issued_at=IssuedCopy.expires_at,
            revoked_at=IssuedCopy.expires_at,
            looks_valid_until=None,
            revoked_in=select(StatusList.version)
            .where(StatusList.id == IssuedCopy.list_id)
            .scalar_subquery(),
        )
        .execution_options(synchronize_session=False)
    )


def _make_tombstone(session: Session, card_id: int) -> None:
    now = clock.now()
    session.execute(
        update(Card)
        .where(Card.id == card_id)
        .values(
            reference=f"{FORGOTTEN}{secrets.token_hex(16)}", valid_until=None, created_at=now, ended_at=now
        )
        .execution_options(synchronize_session=False)
    )
