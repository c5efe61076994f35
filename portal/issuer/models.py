"""The issuer's tables: cards, offers to collect them, tokens, issued copies, status lists, spent nonces."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime
from portal.encryption import EncryptedText, SealedBytes

_ACTIVE = text("status IN ('open', 'spent')")
_NOT_REVOKED = text("revoked_at IS NULL")
_REVOKED = text("revoked_in IS NOT NULL")
_OF_NO_VERSION = text("revoked_at IS NOT NULL AND revoked_in IS NULL")


class CardStatus(StrEnum):
    LIVE = "live"
    ENDED = "ended"


class OfferStatus(StrEnum):
    OPEN = "open"
    SPENT = "spent"
    """The code was exchanged for an access token; the card has not been taken yet."""
    COLLECTED = "collected"
    VOID = "void"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Card(Model):
    """A card that may be issued. An ended one without data also stands for a revocation that came first."""

    __tablename__ = "issuer_cards"
    __table_args__ = (Index(None, "status", "valid_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(8))
    data: Mapped[bytes | None] = mapped_column(SealedBytes)
    """`card_data.seal`; erased when the card ends."""
    valid_until: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CardOffer(Model):
    """One chance to collect a card. Its secrets are erased when it closes; the hashes can't be undone."""

    __tablename__ = "issuer_offers"
    __table_args__ = (
        UniqueConstraint("card_id", "number"),
        Index(
            "uq_issuer_offers_active_card",
            "card_id",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
        Index(None, "status", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("issuer_cards.id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(12))
    address_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed hashes of random 128 bits and more: kept, so that a used QR is recognised for the audit."""
    address: Mapped[str | None] = mapped_column(EncryptedText)
    code: Mapped[str | None] = mapped_column(EncryptedText)
    activation_code: Mapped[str | None] = mapped_column(EncryptedText)
    activation_hash: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    """Wrong activation codes so far."""
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a refusal was last written to the audit, so that repeating it doesn't fill the disk."""


class TokenFamily(Model):
    """All tokens that come from one spent offer. Voided when a stolen one shows (RFC 9700, 4.14.2)."""

    __tablename__ = "issuer_token_families"
    __table_args__ = (Index(None, "card_id"), Index(None, "voided_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("issuer_cards.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("issuer_offers.id"), unique=True)
    holder_thumbprint: Mapped[str | None] = mapped_column(String(43))
    """RFC 7638, of the key that the card is bound to; empty until the first copy was taken."""
    by_identifier: Mapped[bool] = mapped_column(default=False)
    """The wallet asked with `authorization_details`: so do its refreshed tokens."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RefreshToken(Model):
    """One link of a family's chain, good until its successor or the access token beside that was used."""

    __tablename__ = "issuer_refresh_tokens"
    __table_args__ = (Index(None, "family_id"), Index(None, "predecessor_id"), Index(None, "retired_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of 256 random bits."""
    family_id: Mapped[int] = mapped_column(ForeignKey("issuer_token_families.id"))
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("issuer_refresh_tokens.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when showing it again voids the family: its answer was used, or a repeat replaced it."""


class AccessToken(Model):
    """What a spent code, or a refresh token, was exchanged for. All of a family's name its offer."""

    __tablename__ = "issuer_tokens"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of 256 random bits."""
    card_id: Mapped[int] = mapped_column(ForeignKey("issuer_cards.id"))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("issuer_offers.id"), index=True)
    refresh_token_id: Mapped[int | None] = mapped_column(ForeignKey("issuer_refresh_tokens.id"), index=True)
    """The refresh token that came along: it knows the family, and by whom it was preceded."""
    by_identifier: Mapped[bool] = mapped_column(default=False)
    """The wallet asked with `authorization_details`, so it names the card by `credential_identifier`."""
    holder_thumbprint: Mapped[str | None] = mapped_column(String(43))
    """RFC 7638, of the key that the first copy was bound to; no other key gets one."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StatusList(Model):
    """A list of status bits. Which are set stands in `issued_copies`; here is what was told about it."""

    __tablename__ = "status_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    """One more with each revocation, in its transaction: a signed list of an older version is stale."""
    taken: Mapped[int] = mapped_column(default=0)
    """Places that copies have had; none is given twice."""
    published_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The latest `exp` of any token of this list that was ever handed out; written before it is."""
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignedStatusList(Model):
    """The newest signed list, made by one process for all. In a table of its own, since it is large."""

    __tablename__ = "signed_status_lists"

    list_id: Mapped[int] = mapped_column(ForeignKey("status_lists.id"), primary_key=True, autoincrement=False)
    version: Mapped[int]
    """The version of the list that it shows."""
    etag: Mapped[str] = mapped_column(String(43))
    token: Mapped[str] = mapped_column(Text)


class IssuedCopy(Model):
    """One signed credential, bound to one key. A card has at most one that is not revoked."""

    __tablename__ = "issued_copies"
    __table_args__ = (
        UniqueConstraint("list_id", "idx"),
        Index(
            "uq_issued_copies_live_card",
            "card_id",
            unique=True,
            sqlite_where=_NOT_REVOKED,
            postgresql_where=_NOT_REVOKED,
        ),
        Index(None, "card_id"),
        Index(
            "ix_issued_copies_revoked",
            "list_id",
            "revoked_in",
            sqlite_where=_REVOKED,
            postgresql_where=_REVOKED,
        ),
        Index(
            "ix_issued_copies_of_no_version",
            "list_id",
            "revoked_at",
            sqlite_where=_OF_NO_VERSION,
            postgresql_where=_OF_NO_VERSION,
        ),
        Index(None, "kid", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("issuer_cards.id"))
    list_id: Mapped[int] = mapped_column(ForeignKey("status_lists.id"))
    idx: Mapped[int]
    kid: Mapped[str] = mapped_column(String(43))
    holder_thumbprint: Mapped[str] = mapped_column(String(43))
    notification_id: Mapped[str] = mapped_column(String(32), unique=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    looks_valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Set with `revoked_at`: the list's `published_until` then, at most the copy's own end."""
    revoked_in: Mapped[int | None]
    """The version of the list that says so first: whoever knows an earlier one reads what is new. Empty for a
    revoked one that a process of an earlier release revoked: until the list is signed."""


class SpentNonce(Model):
    """A `c_nonce` that a card was issued for; kept until it would have expired anyway."""

    __tablename__ = "issuer_spent_nonces"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    nonce_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
