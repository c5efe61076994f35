"""The credential endpoint's decisions: a token and a key proof against the card, bound to that key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db, write
from portal.issuer import (
    card_data,
    cards,
    claims,
    copies,
    families,
    limits,
    nonces,
    offers,
    places,
    proofs,
    sdjwt,
)
from portal.issuer.errors import ProtocolError, bad_token, denied
from portal.issuer.events import listener
from portal.issuer.models import AccessToken, Card, CardOffer, CardStatus, OfferStatus
from portal.issuer.places import Slot
from portal.issuer.proofs import Proof
from portal.issuer.signing import signing_key
from portal.issuer.tokens import Bearer
from portal.issuer.urls import CONFIGURATION_ID, issuer_id
from portal.settings import settings

_TRIES = 5
"""Draws of a place in the status list, before two requests at once have met that often."""


@dataclass(frozen=True)
class Issued:
    credential: str
    notification_id: str


@dataclass(frozen=True)
class _Draft:
    """A signed credential that leaves this module only if its transaction is committed."""

    issued: Issued
    slot: Slot
    kid: str
    valid_until: date
    expires_at: datetime


@dataclass(frozen=True)
class _Right:
    """What an access token may fetch, as seen inside the transaction."""

    offer_id: int
    offer_status: str
    refresh_token_id: int | None
    """None for a token that was given out before there were refresh tokens."""


class _Outdated(Exception):
    """The card's last day has changed since the draft was made."""


def issue(bearer: Bearer, request: Mapping[str, Any]) -> Issued:
    """The card as this request asks for it.

    Asked again with the same token and key, the earlier copy is revoked and replaced: it may have got lost on
    the way; so it is where a refreshed token asks. Raises `ProtocolError`.
    """
    proof = proofs.verify(_proof_of(bearer, request), issuer_id(settings()))
    nonces.check(proof.nonce)
    if bearer.holder_thumbprint not in (None, proof.thumbprint):
        raise denied("the card was issued to another key")
    sealed = bearer.card_data
    for _ in range(_TRIES):
        if sealed is None:
            raise denied("the card has ended")
        draft = _draft(bearer, sealed, proof)
        try:
            _commit(bearer, proof, draft)
        except (IntegrityError, _Outdated):
            sealed = cards.sealed(bearer.card_id)  # extended meanwhile, or somebody drew the same place
        else:
            return draft.issued
    raise ProtocolError("temporarily_unavailable", "try again", status=503, retry_after=1)


def _proof_of(bearer: Bearer, request: Mapping[str, Any]) -> str:
    """The one key proof of a well-formed request (OpenID4VCI 1.0, 8.2)."""
    _check_names(bearer, request)
    if request.get("credential_response_encryption") is not None:
        raise ProtocolError("invalid_encryption_parameters", "encrypted answers are not supported")
    sent = request.get("proofs")
    if sent is None:
        raise ProtocolError("invalid_proof", "proofs is missing")
    if not isinstance(sent, dict) or list(sent) != ["jwt"]:
        raise ProtocolError("invalid_proof", "proofs must hold jwt and nothing else")
    tokens = sent["jwt"]
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise ProtocolError("invalid_proof", "proofs.jwt must hold exactly one JWT")
    return tokens[0]


def _check_names(bearer: Bearer, request: Mapping[str, Any]) -> None:
    configuration = request.get("credential_configuration_id")
    identifier = request.get("credential_identifier")
    if (configuration is None) == (identifier is None):
        raise ProtocolError(
            "invalid_credential_request", "send credential_configuration_id or credential_identifier"
        )
    if not isinstance(identifier if configuration is None else configuration, str):
        raise ProtocolError("invalid_credential_request", "the name of the credential must be a string")
    if identifier is not None and not (bearer.by_identifier and identifier == CONFIGURATION_ID):
        raise ProtocolError("unknown_credential_identifier", "no such credential_identifier was given out")
    if configuration is not None and configuration != CONFIGURATION_ID:
        raise ProtocolError("unknown_credential_configuration", "there is no such configuration")
    if configuration is not None and bearer.by_identifier:
        raise ProtocolError("invalid_credential_request", "use the credential_identifier given out")


def _draft(bearer: Bearer, sealed: bytes, proof: Proof) -> _Draft:
    data = card_data.unseal(sealed)
    now = clock.now()
    expires_at = card_data.ends_at(data.valid_until)
    if expires_at <= now:
        raise denied("the card has ended")
    limits.admit_copy(db.session(), bearer.card_id, expires_at)
    slot = places.free_slot()
    key = signing_key()
    visible = claims.visible(data, settings(), holder=proof.holder, slot=(slot.list_id, slot.idx), now=now)
    credential = sdjwt.issue(visible, claims.disclosable(data, settings(), now=now), key)
    return _Draft(Issued(credential, secrets.token_urlsafe(16)), slot, key.kid, data.valid_until, expires_at)


def _commit(bearer: Bearer, proof: Proof, draft: _Draft) -> None:
    """Write down that this copy exists. Raises where another request, or the end of the card, was first."""
    with write() as session:
        right = _lock(session, bearer, proof, draft)
        limits.admit_copy(session, bearer.card_id, draft.expires_at)
        nonces.spend(session, proof.nonce)
        admitted = _tell(session, right, bearer, draft.valid_until)
        if admitted:
            copies.replace(
                session,
                draft.slot,
                card_id=bearer.card_id,
                kid=draft.kid,
                holder_thumbprint=proof.thumbprint,
                notification_id=draft.issued.notification_id,
                issued_at=clock.now(),
                expires_at=draft.expires_at,
            )
            if right.refresh_token_id is not None:
                families.used(session, right.refresh_token_id, proof.thumbprint)
    if not admitted:
        raise denied("the order for this card has ended")


def _lock(session: Session, bearer: Bearer, proof: Proof, draft: _Draft) -> _Right:
    """See once more, inside the transaction, that the card may be issued to this key by this token."""
    card = session.execute(
        select(Card.valid_until)
        .where(Card.id == bearer.card_id, Card.status == CardStatus.LIVE)
        .with_for_update()
    ).one_or_none()
    if card is None:
        raise denied("the card has ended")
    if card.valid_until != draft.valid_until:
        raise _Outdated
    bound = session.execute(
        update(AccessToken)
        .where(
            AccessToken.id == bearer.id,
            AccessToken.expires_at > clock.now(),
            AccessToken.holder_thumbprint.is_(None) | (AccessToken.holder_thumbprint == proof.thumbprint),
        )
        .values(holder_thumbprint=proof.thumbprint)
        .returning(AccessToken.offer_id, AccessToken.refresh_token_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if bound is None:
        raise _lost_token(session, bearer)
    status = session.scalar(select(CardOffer.status).where(CardOffer.id == bound.offer_id))
    if status not in (OfferStatus.SPENT, OfferStatus.COLLECTED):
        raise denied("the offer was closed")
    return _Right(bound.offer_id, status, bound.refresh_token_id)


def _lost_token(session: Session, bearer: Bearer) -> ProtocolError:
    alive = select(AccessToken.id).where(AccessToken.id == bearer.id, AccessToken.expires_at > clock.now())
    return denied("the card was issued to another key") if session.scalar(alive) else bad_token()


def _tell(session: Session, right: _Right, bearer: Bearer, valid_until: date) -> bool:
    """Say that the card is taken, or that the wallet which has it gets a new copy. False: it may not."""
    if right.offer_status == OfferStatus.COLLECTED:
        return listener().card_refreshed(session, bearer.reference, valid_until)
    if not offers.change(session, right.offer_id, OfferStatus.SPENT, OfferStatus.COLLECTED):
        raise denied("the offer was closed")
    if not listener().card_collected(session, bearer.reference, valid_until):
        offers.change(session, right.offer_id, OfferStatus.COLLECTED, OfferStatus.WITHDRAWN)
        return False
    families.supersede(session, bearer.card_id, right.offer_id)
    return True
