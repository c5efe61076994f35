"""What wallets tell about the copy they got (OpenID4VCI 1.0, 11). All of it may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import db, write
from portal.issuer import cards, copies, offers, tokens
from portal.issuer.errors import ProtocolError
from portal.issuer.events import listener
from portal.issuer.models import AccessToken, Card, IssuedCopy, OfferStatus
from portal.issuer.tokens import Bearer

ACCEPTED = "credential_accepted"
FAILURE = "credential_failure"
DELETED = "credential_deleted"


def note(bearer: Bearer, request: Mapping[str, Any]) -> None:
    """Take the notification in. Raises `ProtocolError`."""
    name, event = request.get("notification_id"), request.get("event")
    if not isinstance(name, str) or event not in (ACCEPTED, FAILURE, DELETED):
        raise ProtocolError("invalid_notification_request", "notification_id or event is missing or unknown")
    copy_id = _copy(bearer, name)
    if copy_id is None:
        raise ProtocolError("invalid_notification_id", "no copy of this card has this notification_id")
    if event == ACCEPTED:
        return
    with write() as session:
        cards.lock(session, Card.id == bearer.card_id)
        # A repeat, or word about a copy that was replaced since, changes nothing.
        if not copies.is_live(session, copy_id):
            return
        _end_offer(session, bearer)
        if event == DELETED:
            listener().card_deleted(session, bearer.reference)
        else:
            tokens.tell_died(session, bearer.reference, "not_stored")
        copies.revoke_one(session, copy_id)  # status lists are locked last


def _copy(bearer: Bearer, notification_id: str) -> int | None:
    return db.session.scalar(
        select(IssuedCopy.id).where(
            IssuedCopy.notification_id == notification_id, IssuedCopy.card_id == bearer.card_id
        )
    )


def _end_offer(session: Session, bearer: Bearer) -> None:
    """The token must fetch no further copy: what is asked for next goes by new codes."""
    offer_id = session.scalar(select(AccessToken.offer_id).where(AccessToken.id == bearer.id))
    if offer_id is not None:
        offers.change(session, offer_id, OfferStatus.COLLECTED, OfferStatus.VOID)
