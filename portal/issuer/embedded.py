"""The issuer of this portal itself, as the orders know it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.batches import batches
from portal.database import write
from portal.issuer import books, cards, copies, extending, forgetting, offers, sweeping
from portal.issuer.interface import CardRequest, CardState, IssuerRefused, IssuerUnavailable, Offer
from portal.issuer.models import Card
from portal.issuer.urls import offer_uri
from portal.settings import Settings

BATCH = 50
"""Cards prepared, or extended, in one transaction."""
REVOKED_AT_ONCE = 200
"""Cards revoked in one transaction, a few statements for all of them."""

Answers = dict[str, Exception | None]


class EmbeddedIssuer:
    """`interface.Issuer` with `OpenBooks`. Every call needs an application context."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def prepare(self, requests: Sequence[CardRequest]) -> Answers:
        answers: Answers = {}
        for batch in batches(requests, BATCH):
            answers |= _answer(batch, _store)
        return answers

    def extend(self, requests: Sequence[CardRequest]) -> Answers:
        answers: Answers = {}
        for batch in batches(requests, BATCH):
            answers |= _answer(batch, extending.extend)
        return answers

    def forget(self, references: Sequence[str]) -> None:
        """Raises `IssuerUnavailable`: some may be forgotten then, so ask again with all."""
        try:
            for batch in batches(references, forgetting.BATCH):
                forgetting.forget(batch)
        except SQLAlchemyError as error:
            raise IssuerUnavailable("the database can't be written") from error

    def hold(self, session: Session, reference: str) -> None:
        cards.lock(session, Card.reference == reference)

    def renew_offer(self, session: Session, reference: str) -> None:
        cards.renew_offer(session, reference)

    def current_offer(self, reference: str) -> Offer | None:
        found = offers.current(reference)
        if found is None or found.address is None or found.activation_code is None:
            return None
        return Offer(
            reference=reference,
            number=found.number,
            uri=offer_uri(self._settings, found.address),
            activation_code=found.activation_code,
            expires_at=found.expires_at,
            tries_left=offers.MAX_ATTEMPTS - found.attempts,
        )

    def revoke(self, references: Sequence[str]) -> Answers:
        answers: Answers = dict.fromkeys(references)
        for batch in batches(references, REVOKED_AT_ONCE):
            try:
                with write() as session:
                    cards.revoke(session, batch)
            except SQLAlchemyError:
                unavailable = IssuerUnavailable("the database can't be written")
                answers |= dict.fromkeys(batch, unavailable)
        return answers

    def looks_valid_until(self, references: Sequence[str]) -> dict[str, datetime]:
        return copies.looks_valid_until(references)

    def sweep(self) -> None:
        sweeping.sweep()

    def states(self, session: Session, references: Sequence[str]) -> dict[str, CardState]:
        return books.states(session, references)

    def live_cards(self, session: Session) -> int:
        return books.live_cards(session)


def _answer(requests: Sequence[CardRequest], work: Callable[[Sequence[CardRequest]], Answers]) -> Answers:
    """Refuse what no card can say, and have `work` do the rest in one transaction."""
    answers: Answers = {}
    good = []
    for request in requests:
        answers[request.reference] = None
        try:
            cards.check(request)
        except IssuerRefused as refusal:
            answers[request.reference] = refusal
        else:
            good.append(request)
    try:
        return answers | work(good)
    except SQLAlchemyError:
        return {reference: answer or IssuerUnavailable() for reference, answer in answers.items()}


def _store(requests: Sequence[CardRequest]) -> Answers:
    if not requests:
        return {}
    ready = [cards.make(request) for request in requests]
    with write() as session:
        ended = cards.store(session, ready)
    return {reference: IssuerRefused("ended") for reference in ended}
