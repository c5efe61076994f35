"""Taking an offered card: read the offer, exchange the codes, fetch, keep, tell the issuer.

Killed anywhere, it goes on where it was: the tokens are kept before the card is fetched with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from portal import clock
from portal.vc import jose
from portal.vc.fetch import Http
from portal.wallet import asking, keeping
from portal.wallet.holders import Holder
from portal.wallet.keeping import Errand, HeldCard
from portal.wallet.models import ErrandKind
from portal.wallet.openid import issuing
from portal.wallet.openid.card import CardView
from portal.wallet.openid.issuing import Tokens
from portal.wallet.openid.offers import CredentialOffer, read_offer

ACCEPTED = "credential_accepted"
MOST_CARDS = 20
"""In one wallet: what strangers issue takes room here."""


class Full(Exception):
    """The wallet holds as many cards as it may."""


@dataclass(frozen=True)
class Offered:
    """An offer that waits for its holder."""

    errand: Errand = field(repr=False)
    offer: CredentialOffer

    @property
    def redeemed(self) -> bool:
        """The codes are exchanged already; what is left is to fetch the card."""
        return "tokens" in self.errand.content


@dataclass(frozen=True)
class Added:
    public_id: str
    replaced: bool
    """It stands in place of an older copy of the same card."""


def take(holder: Holder, text: str) -> None:
    """Ask what stands behind the text of an offer, and remember it. Raises `WalletError`, `Full`, `Gone`."""
    pending = keeping.errand(holder, ErrandKind.OFFER)
    if pending is not None and "tokens" in pending.content and pending.content["text"] == text:
        return  # scanned again half-way: these codes are exchanged already
    if len(keeping.cards(holder)) >= MOST_CARDS:
        raise Full
    with asking.turn() as http:
        offer = read_offer(http, text)
    keeping.begin(holder, ErrandKind.OFFER, {"text": text, "offer": offer.to_json()})


def pending(holder: Holder) -> Offered | None:
    errand = keeping.errand(holder, ErrandKind.OFFER)
    return None if errand is None else Offered(errand, CredentialOffer.from_json(errand.content["offer"]))


def activate(holder: Holder, offered: Offered, activation_code: str | None) -> Added:
    """„Aktywuj”. Raises `WalletError`, `Overtaken`, `Gone`."""
    with asking.turn() as http:
        errand = offered.errand
        if not offered.redeemed:
            errand = _redeemed(http, holder, offered, activation_code)
        card = _fetched(http, offered.offer, errand.content)
        older = _older(holder, card.view)
        keeping.add_card(holder, errand, card, older)
        issuing.notify(http, card.offer, card.tokens, card.notification_id, ACCEPTED)
    return Added(card.public_id, replaced=bool(older))


def _redeemed(http: Http, holder: Holder, offered: Offered, activation_code: str | None) -> Errand:
    """The errand with tokens, and with the key that the card will be bound to."""
    tokens = issuing.redeem(http, offered.offer, activation_code, clock.now())
    key = jose.new_key().as_dict(private=True)
    errand = offered.errand
    return keeping.save_errand(
        holder, replace(errand, content={**errand.content, "tokens": tokens.to_json(), "key": key})
    )


def _fetched(http: Http, offer: CredentialOffer, content: Mapping[str, Any]) -> HeldCard:
    tokens, key = Tokens.from_json(content["tokens"]), content["key"]
    issued = issuing.fetch(http, offer, tokens, jose.private_key(key), clock.now())
    return HeldCard(
        public_id=keeping.new_id(),
        version=1,
        credential=issued.credential,
        key=key,
        offer=offer,
        tokens=tokens,
        notification_id=issued.notification_id,
        status=asking.status_of(issued.credential),
    )


def _older(holder: Holder, new: CardView) -> list[str]:
    """Copies of the same card: of the same issuer, for the same album number."""
    if not new.album_number:
        return []
    same = (new.issuer, new.album_number)
    return [
        held.public_id for held in keeping.cards(holder) if (held.view.issuer, held.view.album_number) == same
    ]
