"""Browsers' wallets: made, found by the cookie's secret, opened for some minutes, erased, forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import BRIEFLY, db, write
from portal.wallet.models import Wallet
from portal.wallet.sealing import Keys, keys_of, new_secret

UNLOCKED = timedelta(minutes=5)
"""So long after the last page the wallet stays open."""
WRITE_SEEN_EVERY = timedelta(minutes=1)
FORGOTTEN = timedelta(days=400)
"""Browsers have dropped the cookie by then, and nobody can open the wallet any more."""
BATCH = 100


class Gone(Exception):
    """The wallet was erased meanwhile, in another tab or by wrong PINs."""


@dataclass(frozen=True)
class Holder:
    """A browser's wallet as it was when the request began."""

    id: int
    keys: Keys = field(repr=False)
    secret: str = field(repr=False)
    tries: int
    pin_check: bytes = field(repr=False)
    locked_until: datetime | None
    unlocked_until: datetime | None
    terms_accepted_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.unlocked_until is not None and self.unlocked_until > now


def find(secret: str) -> Holder | None:
    """The wallet that this cookie's secret leads to; None: none, or one that was erased."""
    keys = keys_of(secret)
    if keys is None:
        return None
    row = db.session.scalar(select(Wallet).where(Wallet.name_hash == keys.name_hash))
    if row is None:
        return None
    return Holder(
        row.id,
        keys,
        secret,
        row.tries,
        row.pin_check,
        row.locked_until,
        row.unlocked_until,
        row.terms_accepted_at,
    )


def create(pin: str) -> Holder:
    """A new wallet, open already; its secret is for the cookie."""
    secret, now = new_secret(), clock.now()
    keys = keys_of(secret)
    assert keys is not None  # noqa: S101 — just made
    check = keys.pin_check(pin)
    row = Wallet(
        name_hash=keys.name_hash, pin_check=check, unlocked_until=now + UNLOCKED, created_at=now, seen_at=now
    )
    with write() as session:
        session.add(row)
    return Holder(row.id, keys, secret, 0, check, None, now + UNLOCKED, None)


def still_there(session: Session, holder: Holder) -> None:
    """Keep the wallet from being erased until the end of this transaction. Raises `Gone`."""
    if session.scalar(select(Wallet.id).where(Wallet.id == holder.id).with_for_update()) is None:
        raise Gone


def to_be_written(holder: Holder) -> bool:
    """Whether an open wallet's use was last noted a minute ago or more."""
    noted = holder.unlocked_until and holder.unlocked_until - UNLOCKED
    return noted is not None and clock.now() - noted >= WRITE_SEEN_EVERY


def stay_open(holder: Holder) -> None:
    """Note that a page was opened, at most once a minute; a wallet that was locked meanwhile stays so."""
    if not to_be_written(holder):
        return
    now = clock.now()
    with write(BRIEFLY) as session:
        session.execute(
            update(Wallet)
            .where(Wallet.id == holder.id, Wallet.unlocked_until > now)
            .values(unlocked_until=now + UNLOCKED, seen_at=now)
        )


def lock(holder: Holder) -> None:
    with write() as session:
        session.execute(update(Wallet).where(Wallet.id == holder.id).values(unlocked_until=None))


def accept_terms(holder: Holder) -> None:
    with write() as session:
        session.execute(
            update(Wallet)
            .where(Wallet.id == holder.id, Wallet.terms_accepted_at.is_(None))
            .values(terms_accepted_at=clock.now())
        )


def erase(holder: Holder) -> None:
    """The wallet with its cards and errands. Issuers aren't told: who forgot the PIN must not ask for it."""
    with write() as session:
        session.execute(delete(Wallet).where(Wallet.id == holder.id))


def forget_unused() -> None:
    """A batch of wallets that nobody has opened for a long time."""
    unused = Wallet.seen_at <= clock.now() - FORGOTTEN
    due = db.session.scalars(select(Wallet.id).where(unused).limit(BATCH)).all()
    if due:
        with write() as session:
            session.execute(
                delete(Wallet).where(Wallet.id.in_(due), unused).execution_options(synchronize_session=False)
            )
