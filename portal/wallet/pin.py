"""The PIN: a counted lock. The cookie's secret protects the cards; the PIN whoever left the phone lying."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, update

from portal import clock
from portal.database import write
from portal.wallet import holders
from portal.wallet.holders import Holder
from portal.wallet.models import Wallet

SHORTEST, LONGEST = 4, 8
"""Digits."""
MOST_TRIES = 10
"""So many wrong ones in a row, and everything is erased."""
_WAITS = {
    3: timedelta(seconds=30),
    4: timedelta(minutes=1),
    5: timedelta(minutes=5),
    6: timedelta(minutes=15),
}
_LONGEST_WAIT = timedelta(hours=1)


class Waiting(Exception):
    """No PIN is tried before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("too many wrong PINs")
        self.until = until


class WrongPin(Exception):
    """`left` more tries until everything is erased; the next one not before `until`."""

    def __init__(self, left: int, until: datetime | None) -> None:
        super().__init__("wrong PIN")
        self.left = left
        self.until = until


class OneAtATime(Exception):
    """Another try came in between: this one opened nothing."""


class Erased(Exception):
    """That was one wrong PIN too many: the wallet is gone."""


def waits(holder: Holder) -> bool:
    """Whether no PIN is tried at the moment."""
    return holder.locked_until is not None and holder.locked_until > clock.now()


def unlock(holder: Holder, typed: str) -> None:
    """Open the wallet. Raises `Waiting`, `WrongPin`, `OneAtATime`, `Erased`."""
    now = clock.now()
    if holder.locked_until is not None and holder.locked_until > now:
        raise Waiting(holder.locked_until)
    tries = holder.tries + 1
    until = _waits_until(tries, now)
    _count(holder, tries, until, now)
    if not hmac.compare_digest(holder.keys.pin_check(typed), holder.pin_check):
        if tries >= MOST_TRIES:
            holders.erase(holder)
            raise Erased
        raise WrongPin(MOST_TRIES - tries, until)
    with write() as session:
        opened = session.execute(
            update(Wallet)
            .where(Wallet.id == holder.id, Wallet.tries == tries)
            .values(tries=0, locked_until=None, unlocked_until=now + holders.UNLOCKED, seen_at=now)
        )
    _one(opened)


def _count(holder: Holder, tries: int, until: datetime | None, now: datetime) -> None:
    """Before the PIN is looked at, so that parallel tries, or a kill in between, gain nothing."""
    free = or_(Wallet.locked_until.is_(None), Wallet.locked_until <= now)
    with write() as session:
        counted = session.execute(
            update(Wallet)
            .where(Wallet.id == holder.id, Wallet.tries == holder.tries, free)
            .values(tries=tries, locked_until=until)
        )
    _one(counted)


def _one(result: Any) -> None:
    if result.rowcount != 1:
        raise OneAtATime


def _waits_until(tries: int, now: datetime) -> datetime | None:
    return None if tries < min(_WAITS) else now + _WAITS.get(tries, _LONGEST_WAIT)
