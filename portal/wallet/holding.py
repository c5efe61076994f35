"""What a holder does with a card: look how it stands, fetch a newer copy, remove it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from portal import clock
from portal.vc import jose
from portal.vc.fetch import Http
from portal.wallet import asking, keeping
from portal.wallet.adding import ACCEPTED
from portal.wallet.holders import Holder
from portal.wallet.keeping import HeldCard
from portal.wallet.openid import issuing
from portal.wallet.openid.card import CardStatus, State
from portal.wallet.openid.problems import Problem, WalletError

DELETED = "credential_deleted"
BELIEVED = timedelta(hours=24)
"""So long a look at the status list counts; it says nothing about what came later."""
_PASSING = frozenset({Problem.BUSY, Problem.TOO_OFTEN, Problem.UNREACHABLE})


def standing(card: HeldCard) -> CardStatus:
    """How the card stands, as far as can be told without asking anybody."""
    known, now = card.status, clock.now()
    if card.view.valid_until is not None and card.view.valid_until < clock.today():
        return replace(known, state=State.EXPIRED)
    if known.state is State.VALID and now - _said_at(known) > BELIEVED:
        return replace(known, state=State.UNKNOWN)
    return known


def _said_at(status: CardStatus) -> datetime:
    return status.as_of or status.checked_at


def refresh(holder: Holder, card: HeldCard) -> bool:
    """„Odśwież”: ask the status list anew; whether it could be had. Raises `WalletError`, `Overtaken`."""
    with asking.turn():
        status = asking.status_of(card.credential)
    if status.state is State.UNKNOWN:
        return False  # what was known before is worth more
    keeping.save_card(holder, replace(card, status=status))
    return True


def extend(holder: Holder, card: HeldCard) -> bool:
    """Fetch the newest copy without new codes; whether it is good for longer.

    Raises `WalletError`, `Overtaken`.
    """
    with asking.turn() as http:
        card = _with_new_tokens(http, holder, card)
        key = jose.private_key(card.key)
        issued = issuing.fetch(http, card.offer, card.tokens, key, clock.now())
        newer = keeping.save_card(
            holder,
            replace(
                card,
                credential=issued.credential,
                notification_id=issued.notification_id,
                status=asking.status_of(issued.credential),
            ),
        )
        issuing.notify(http, newer.offer, newer.tokens, newer.notification_id, ACCEPTED)
    return newer.view.valid_until != card.view.valid_until


def _with_new_tokens(http: Http, holder: Holder, card: HeldCard) -> HeldCard:
    """The new refresh token is kept before anything is done with what came with it."""
    if card.tokens.refresh_token is None:
        raise WalletError(Problem.REFUSED)
    tokens = issuing.refresh(http, card.offer, card.tokens.refresh_token, clock.now())
    return keeping.save_card(holder, replace(card, tokens=tokens))


def remove(holder: Holder, card: HeldCard, *, untold: bool = False) -> bool:
    """Tell the issuer, then forget the card; whether the issuer heard. `untold`: don't even try.

    Raises `WalletError` where the issuer can't be told at the moment (the card is still there), `Overtaken`.
    """
    told = not untold and _told(holder, card)
    keeping.delete_card(holder, card.public_id)
    return told


def _told(holder: Holder, card: HeldCard) -> bool:
    if card.notification_id is None or card.offer.endpoints.notification is None:
        return False  # this issuer has no ear for it
    with asking.turn() as http:
        try:
            if card.tokens.expires_at <= clock.now():
                card = _with_new_tokens(http, holder, card)
        except WalletError as error:
            if error.problem in _PASSING:
                raise
            return False  # the issuer wants to hear nothing more of this card
        if not issuing.notify(http, card.offer, card.tokens, card.notification_id, DELETED):
            raise WalletError(Problem.UNREACHABLE)
    return True
