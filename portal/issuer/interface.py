"""What orders ask of an issuer, and what an issuer has to tell.

The order's public id is the `reference` (idempotency key) of everything: asked twice, an issuer makes one
card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from sqlalchemy.orm import Session


class IssuerUnavailable(Exception):
    """No answer: whether it was done is unknown, so ask again with the same reference."""


class IssuerRefused(Exception):
    """Refused for good; asking again changes nothing. The text is a word of the program for the audit."""


@dataclass(frozen=True)
class CardData:
    """What the card will say. `photo` is JPEG; dates are Europe/Warsaw, `valid_until` included."""

    given_names: str
    surname: str
    birth_date: date | None
    pesel: str | None
    album_number: str
    card_number: str
    issued_on: date
    valid_until: date
    faculty: str
    study_level: str
    photo: bytes


@dataclass(frozen=True)
class CardRequest:
    reference: str
    data: CardData


@dataclass(frozen=True)
class Offer:
    """An open offer, for its owner's eyes only: what the QR holds, and the activation code (tx_code)."""

    reference: str
    number: int
    """1 for the first offer of this card, one more with each new one."""
    uri: str
    """``openid-credential-offer://?credential_offer_uri=…``"""
    activation_code: str
    expires_at: datetime
    tries_left: int


class Issuer(Protocol):
    """An issuer of cards. Everything may be repeated with the same reference.

    One that is elsewhere is asked over the network in `prepare`, `extend`, `revoke`, `forget` and `sweep`
    only, with the reference as key, and answers a whole call within half a lease (`IssuerUnavailable` for
    whom it has not reached by then). The others run inside transactions and pages: such a class writes down
    in tables of the portal's database what it is asked there and does it in `sweep`, and shows what it has
    kept. What happened elsewhere it tells the listener from `sweep` too (`tests/support/elsewhere.py`).
    """

    def prepare(self, requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
        """Allocate a card with an open offer for each request, in one transaction where it can.

        Answers by reference: None, or `IssuerUnavailable` or `IssuerRefused`. Prepared before: None.
        Runs outside any transaction of the caller.
        """

    def hold(self, session: Session, reference: str) -> None:
        """Have whoever else changes this card wait until the caller's transaction ends.

        Unknown references are fine. Asked before `renew_offer`, and before the order is locked: the issuer
        locks cards first, then tells.
        """

    def renew_offer(self, session: Session, reference: str) -> None:
        """Close the card's open offer, if any, and open a new one, in the caller's transaction.

        Raises `IssuerRefused` where the card doesn't exist or has ended.
        """

    def current_offer(self, reference: str) -> Offer | None:
        """The open offer of this card, or None."""

    def extend(self, requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
        """Have each card say this from now on; its date of issue stays. Wallets fetch it as they refresh.

        Answers by reference like `prepare`: `IssuerRefused` where the card doesn't exist or has ended.
        Extended before: None. Runs outside any transaction of the caller.
        """

    def forget(self, references: Sequence[str]) -> None:
        """Erase what is left of these cards, but for their places in the status lists. Live ones stay."""

    def revoke(self, references: Sequence[str]) -> dict[str, Exception | None]:
        """End these cards and their offers; the status lists say so at once. Unknown references are fine.

        Answers by reference: None, or `IssuerUnavailable`; in as few transactions as it can. Revoked before:
        None. Runs outside any transaction of the caller.
        """

    def looks_valid_until(self, references: Sequence[str]) -> dict[str, datetime]:
        """Until when an offline copy of each revoked card may still look valid.

        A card that was never collected is left out.
        """

    def sweep(self) -> None:
        """What time does at the issuer: codes spent without a card, codes run out. Call every few seconds."""


@dataclass(frozen=True)
class CardState:
    """How a card stands, for whoever compares orders with cards."""

    live: bool
    offered: bool
    """There is a way to collect it: an offer is open, or was spent a moment ago."""
    out: bool
    """A copy of it is not revoked."""
    valid_until: date | None = None
    """The last day that it names."""


@runtime_checkable
class OpenBooks(Protocol):
    """An issuer whose cards stand in the portal's own database, so that both can be seen at one instant."""

    def states(self, session: Session, references: Sequence[str]) -> dict[str, CardState]:
        """How these cards stand, by reference; unknown ones are left out."""

    def live_cards(self, session: Session) -> int:
        """How many cards live."""


@runtime_checkable
class IssuerListener(Protocol):
    """Who hears of what happens at the issuer, in the issuer's transaction."""

    def card_collected(self, session: Session, reference: str, valid_until: date) -> bool:
        """A wallet takes the card now. False: it may not (the order ended); nothing must be issued.

        `valid_until` is the copy's last day.
        """

    def card_refreshed(self, session: Session, reference: str, valid_until: date) -> bool:
        """The wallet that holds the card fetches a new copy of it now. False: it may not."""

    def offer_died(self, session: Session, reference: str, reason: str) -> None:
        """The open offer is void without a card: ``wrong_codes`` or ``spent`` (or ``not_stored``)."""

    def card_deleted(self, session: Session, reference: str) -> None:
        """The wallet says that the holder removed the card."""
