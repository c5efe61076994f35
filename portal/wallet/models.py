"""The wallet's tables: browsers' wallets, their cards, and what they are about to do.

Whatever tells of the holder is sealed with a key that only the browser's cookie holds (`sealing`).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime


class ErrandKind(StrEnum):
    OFFER = "offer"
    REQUEST = "request"


class Wallet(Model):
    """The wallet of one browser."""

    __tablename__ = "wallets"
    __table_args__ = (Index(None, "seen_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of a name that only the secret in the cookie leads to."""
    pin_check: Mapped[bytes] = mapped_column(LargeBinary)
    """HMAC-SHA256 of the PIN; its key comes from the cookie's secret too, so nobody can try PINs here."""
    tries: Mapped[int] = mapped_column(default=0)
    """PINs tried since the last right one, those under way included."""
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Before that no PIN is tried."""
    unlocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    terms_accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Last opened; written at most once a minute."""


class WalletCard(Model):
    """A card that the wallet holds."""

    __tablename__ = "wallet_cards"
    __table_args__ = (Index(None, "wallet_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallets.id", ondelete="CASCADE"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)
    """Counts what was sealed here, so that nobody overwrites what they have not read."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WalletErrand(Model):
    """What a wallet is about to do: take an offered card, answer a verifier. One of each kind at most."""

    __tablename__ = "wallet_errands"
    __table_args__ = (UniqueConstraint("wallet_id", "kind"), Index(None, "written_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("wallets.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
