"""Answering somebody who asks for a card: what would be shown, agreeing, refusing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from portal import clock
from portal.database import write
from portal.vc import jose
from portal.wallet import asking, keeping
from portal.wallet.holders import Holder
from portal.wallet.keeping import Errand, HeldCard
from portal.wallet.models import ErrandKind
from portal.wallet.openid import presenting
from portal.wallet.openid.requests import PresentationRequest, read_request


@dataclass(frozen=True)
class Asked:
    """A question that waits for its holder."""

    errand: Errand = field(repr=False)
    request: PresentationRequest


@dataclass(frozen=True)
class Claim:
    """One thing that would be shown."""

    name: str
    value: Any = field(repr=False)


def take(holder: Holder, text: str) -> None:
    """Ask what stands behind the text of a request, and remember it. Raises `WalletError`, `Gone`."""
    with asking.turn() as http:
        request = read_request(http, text, clock.now())
    keeping.begin(holder, ErrandKind.REQUEST, {"request": request.to_json()})


def pending(holder: Holder) -> Asked | None:
    errand = keeping.errand(holder, ErrandKind.REQUEST)
    if errand is None:
        return None
    return Asked(errand, PresentationRequest.from_json(errand.content["request"]))


def fitting(holder: Holder, asked: Asked) -> list[HeldCard]:
    """The cards that answer the question."""
    return [card for card in keeping.cards(holder) if presenting.fits(asked.request, card.credential)]


def claims(asked: Asked, card: HeldCard) -> Sequence[Claim]:
    """What whoever asks would see of this card."""
    return [Claim(name, value) for name, value in presenting.shown(asked.request, card.credential).items()]


def agree(holder: Holder, asked: Asked, card: HeldCard) -> str | None:
    """Show the card; the address to go on to, if there is one. Raises `WalletError`."""
    key = jose.private_key(card.key)
    with asking.turn() as http:
        onward = presenting.answer(http, asked.request, card.credential, key, clock.now())
    _done(holder, asked)
    return onward


def refuse(holder: Holder, asked: Asked) -> None:
    """Show nothing, and say so. Raises `WalletError` where nobody hears it; nothing is shown all the same."""
    _done(holder, asked)
    with asking.turn() as http:
        presenting.refuse(http, asked.request)


def _done(holder: Holder, asked: Asked) -> None:
    """The errand is over; one that was replaced or ended meanwhile stays as it is."""
    with write() as session:
        try:
            keeping.end(session, holder, asked.errand)
        except keeping.Overtaken:
            return
