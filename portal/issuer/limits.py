"""How often one card may be fetched; counted in the database, so for all processes and across restarts.

Each copy takes a place in a status list for good, and each refresh a row: no single wallet may eat them up.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal import clock
from portal.issuer.errors import ProtocolError
from portal.issuer.models import IssuedCopy, RefreshToken

COPIES = 12
COPIES_IN = timedelta(days=1)
REFRESHES = 20
REFRESHES_IN = timedelta(hours=1)


def admit_copy(session: Session, card_id: int, expires_at: datetime) -> None:
    """A card gets `COPIES` copies in any `COPIES_IN`; a new last day is never held up.

    Raises `ProtocolError` (429).
    """
    living = select(IssuedCopy.expires_at).where(
        IssuedCopy.card_id == card_id, IssuedCopy.revoked_at.is_(None)
    )
    if session.scalar(living) in (None, expires_at):
        _admit(session, IssuedCopy.issued_at, IssuedCopy.card_id == card_id, COPIES, COPIES_IN)


def admit_refresh(session: Session, family_id: int) -> None:
    """A family gets `REFRESHES` refresh tokens in any `REFRESHES_IN`. Raises `ProtocolError` (429)."""
    _admit(session, RefreshToken.created_at, RefreshToken.family_id == family_id, REFRESHES, REFRESHES_IN)


def _admit(
    session: Session,
    at: InstrumentedAttribute[datetime],
    whose: ColumnElement[bool],
    allowed: int,
    span: timedelta,
) -> None:
    now = clock.now()
    # The one that has to fall out of the span before there is room again.
    first = session.scalar(
        select(at).where(whose, at > now - span).order_by(at.desc()).offset(allowed - 1).limit(1)
    )
    if first is not None:
        wait = math.ceil((first + span - now).total_seconds())
        raise ProtocolError("slow_down", "this card was fetched too often", status=429, retry_after=wait)
