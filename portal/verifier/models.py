"""The inspector's tables. What they hold of a holder is sealed, and erased minutes after the answer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime
from portal.encryption import SealedBytes


class Inspection(Model):
    """One question of an inspector, and for some minutes its answer."""

    __tablename__ = "inspections"
    __table_args__ = (Index(None, "status", "answered_at"), Index(None, "created_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    """In the address of the inspector's page."""
    owner_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the random token (256 bit) in the cookie of the browser that asked."""
    request_id: Mapped[str] = mapped_column(String(22), unique=True)
    """In the addresses that the wallet asks and answers; 128 bit."""
    nonce: Mapped[str] = mapped_column(String(43))
    state: Mapped[str] = mapped_column(String(22))
    preset: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Until then it may be answered."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(24))
    result: Mapped[bytes | None] = mapped_column(SealedBytes)
    """What the page shows of the card, as JSON."""
    photo: Mapped[bytes | None] = mapped_column(SealedBytes)
    """JPEG, as our own encoder wrote it."""


class TrustedIssuer(Model):
    """Another university whose cards count here."""

    __tablename__ = "trusted_issuers"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(300), unique=True)
    """The issuer identifier, byte for byte as its cards have it in `iss`."""
    vcts: Mapped[list[str]] = mapped_column(JSON)
    names: Mapped[dict[str, str]] = mapped_column(JSON)
    """Language (``pl``, ``en``) to the name by which the issuer calls itself."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerifierCount(Model):
    """How many checks a day ended how: all that is kept of them."""

    __tablename__ = "verifier_counts"
    __table_args__ = (UniqueConstraint("day", "preset", "verdict"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    preset: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    count: Mapped[int]
