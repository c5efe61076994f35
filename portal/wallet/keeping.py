"""Cards and errands as the wallet keeps them: sealed rows, opened with the keys of the browser's cookie.

What is written over something says which version of it was read: who comes second has lost the race.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import db, write
from portal.wallet import holders
from portal.wallet.holders import Holder
from portal.wallet.models import ErrandKind, WalletCard, WalletErrand
from portal.wallet.openid.card import CardStatus, CardView, State, view
from portal.wallet.openid.issuing import Tokens
from portal.wallet.openid.offers import CredentialOffer

CARD = "card"
ERRANDS_LAST = timedelta(minutes=30)
BATCH = 100


class Overtaken(Exception):
    """Somebody else, in another tab, has changed meanwhile what this was about."""


@dataclass(frozen=True)
class Errand:
    """What the wallet is about to do, with what it has to remember until it is done."""

    public_id: str
    version: int
    kind: ErrandKind
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class HeldCard:
    """A card with all that the wallet has of it."""

    public_id: str
    version: int
    credential: str = field(repr=False)
    key: Mapping[str, str] = field(repr=False)
    """The holder's private key, as a JWK."""
    offer: CredentialOffer
    tokens: Tokens
    """The newest ones."""
    notification_id: str | None
    status: CardStatus

    @cached_property
    def view(self) -> CardView:
        return view(self.credential)

    def content(self) -> dict[str, Any]:
        """What is sealed."""
        return {
            "credential": self.credential,
            "key": dict(self.key),
            "offer": self.offer.to_json(),
            "tokens": self.tokens.to_json(),
            "notification_id": self.notification_id,
            "status": _status_json(self.status),
        }


def new_id() -> str:
    return uuid.uuid4().hex


def cards(holder: Holder) -> list[HeldCard]:
    """The wallet's cards, those that came first in front."""
    rows = db.session.scalars(
        select(WalletCard).where(WalletCard.wallet_id == holder.id).order_by(WalletCard.id)
    )
    return [_opened(holder, row) for row in rows]


def card(holder: Holder, public_id: str) -> HeldCard:
    """Raises `LookupError` for a card that is not there, or not this wallet's."""
    row = db.session.scalar(
        select(WalletCard).where(WalletCard.public_id == public_id, WalletCard.wallet_id == holder.id)
    )
    if row is None:
        raise LookupError
    return _opened(holder, row)


def save_card(holder: Holder, changed: HeldCard) -> HeldCard:
    """Write the card over the version that was read. Raises `Overtaken`."""
    sealed = holder.keys.seal(changed.content(), CARD, changed.public_id)
    with write() as session:
        saved = session.execute(
            update(WalletCard)
            .where(
                WalletCard.public_id == changed.public_id,
                WalletCard.wallet_id == holder.id,
                WalletCard.version == changed.version,
            )
            .values(sealed=sealed, version=changed.version + 1)
        )
    _one(saved)
    return replace(changed, version=changed.version + 1)


def delete_card(holder: Holder, public_id: str) -> None:
    with write() as session:
        session.execute(
            delete(WalletCard).where(WalletCard.public_id == public_id, WalletCard.wallet_id == holder.id)
        )


def add_card(holder: Holder, errand: Errand, new: HeldCard, instead_of: Sequence[str]) -> None:
    """The card is there and its errand done, in one transaction. Raises `Overtaken`, `Gone`.

    `instead_of`: public ids of older cards that it replaces.
    """
    sealed = holder.keys.seal(new.content(), CARD, new.public_id)
    row = WalletCard(public_id=new.public_id, wallet_id=holder.id, sealed=sealed, added_at=clock.now())
    with write() as session:
        holders.still_there(session, holder)
        end(session, holder, errand)
        session.execute(
            delete(WalletCard).where(
                WalletCard.wallet_id == holder.id, WalletCard.public_id.in_(list(instead_of))
            )
        )
        session.add(row)


def begin(holder: Holder, kind: ErrandKind, content: Mapping[str, Any]) -> None:
    """A new errand, in place of an older one of its kind. Raises `Gone`."""
    public_id = new_id()
    sealed = holder.keys.seal(content, kind, public_id)
    row = WalletErrand(
        public_id=public_id, wallet_id=holder.id, kind=kind, sealed=sealed, written_at=clock.now()
    )
    with write() as session:
        holders.still_there(session, holder)
        session.execute(
            delete(WalletErrand).where(WalletErrand.wallet_id == holder.id, WalletErrand.kind == kind)
        )
        session.add(row)


def errand(holder: Holder, kind: ErrandKind) -> Errand | None:
    row = db.session.scalar(
        select(WalletErrand).where(
            WalletErrand.wallet_id == holder.id,
            WalletErrand.kind == kind,
            WalletErrand.written_at > clock.now() - ERRANDS_LAST,
        )
    )
    if row is None:
        return None
    return Errand(row.public_id, row.version, kind, holder.keys.open(row.sealed, kind, row.public_id))


def save_errand(holder: Holder, changed: Errand) -> Errand:
    """Write the errand over the version that was read. Raises `Overtaken`."""
    sealed = holder.keys.seal(changed.content, changed.kind, changed.public_id)
    with write() as session:
        saved = session.execute(
            update(WalletErrand)
            .where(*_as_read(holder, changed))
            .values(sealed=sealed, version=changed.version + 1, written_at=clock.now())
        )
    _one(saved)
    return replace(changed, version=changed.version + 1)


def end(session: Session, holder: Holder, done: Errand) -> None:
    """In the caller's transaction. Raises `Overtaken`."""
    _one(session.execute(delete(WalletErrand).where(*_as_read(holder, done))))


def forget_errands() -> None:
    """A batch of errands that nobody has finished."""
    old = WalletErrand.written_at <= clock.now() - ERRANDS_LAST
    due = db.session.scalars(select(WalletErrand.id).where(old).limit(BATCH)).all()
    if due:
        with write() as session:
            session.execute(
                delete(WalletErrand)
                .where(WalletErrand.id.in_(due), old)
                .execution_options(synchronize_session=False)
            )


def _as_read(holder: Holder, read: Errand) -> tuple[Any, ...]:
    return (
        WalletErrand.wallet_id == holder.id,
        WalletErrand.public_id == read.public_id,
        WalletErrand.version == read.version,
    )


def _one(result: Any) -> None:
    if result.rowcount != 1:
        raise Overtaken


def _opened(holder: Holder, row: WalletCard) -> HeldCard:
    content = holder.keys.open(row.sealed, CARD, row.public_id)
    return HeldCard(
        public_id=row.public_id,
        version=row.version,
        credential=content["credential"],
        key=content["key"],
        offer=CredentialOffer.from_json(content["offer"]),
        tokens=Tokens.from_json(content["tokens"]),
        notification_id=content["notification_id"],
        status=_status(content["status"]),
    )


def _status_json(status: CardStatus) -> dict[str, str | None]:
    return {
        "state": status.state,
        "as_of": status.as_of.isoformat() if status.as_of else None,
        "checked_at": status.checked_at.isoformat(),
    }


def _status(said: Mapping[str, str | None]) -> CardStatus:
    as_of = said["as_of"]
    return CardStatus(
        State(said["state"] or ""),
        datetime.fromisoformat(as_of) if as_of else None,
        datetime.fromisoformat(said["checked_at"] or ""),
    )
