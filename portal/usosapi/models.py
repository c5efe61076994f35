"""The tables of the USOS API: apps that may ask, and what students have let them do.

Identifiers are found by keyed hashes; secrets are encrypted rather than hashed, since HMAC-SHA1 needs them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Model, UtcDateTime
from portal.encryption import EncryptedText
from portal.identity import Account


class Consumer(Model):
    """An app that the administrator has registered."""

    __tablename__ = "usosapi_consumers"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    secret: Mapped[str] = mapped_column(EncryptedText)
    name: Mapped[str] = mapped_column(String(80))
    """As students read it on the consent page."""
    callback: Mapped[str | None] = mapped_column(String(300))
    """Where the browser may be led back to; empty: the app gets PINs only."""
    scopes: Mapped[str] = mapped_column(String(200))
    """The most that it may ask for, with ``|`` between."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RequestToken(Model):
    """An app's question to a student (temporary credentials, RFC 5849, 2.1), good for one use."""

    __tablename__ = "usosapi_request_tokens"
    __table_args__ = (Index(None, "expires_at"), Index(None, "consumer_id"), Index(None, "account_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    secret: Mapped[str] = mapped_column(EncryptedText)
    consumer_id: Mapped[int] = mapped_column(ForeignKey("usosapi_consumers.id", ondelete="CASCADE"))
    callback: Mapped[str] = mapped_column(String(600))
    """``oob``: the student carries a PIN over by hand."""
    scopes: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    """Who has agreed; empty: nobody yet."""
    tries: Mapped[int] = mapped_column(default=0)
    """Verifiers tried, counted before they are looked at."""

    consumer: Mapped[Consumer] = relationship(lazy="joined")


class AccessToken(Model):
    """What an app may do in a student's name. Its row's end is the access's end."""

    __tablename__ = "usosapi_access_tokens"
    __table_args__ = (Index(None, "expires_at"), Index(None, "consumer_id"), Index(None, "account_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    secret: Mapped[str] = mapped_column(EncryptedText)
    consumer_id: Mapped[int] = mapped_column(ForeignKey("usosapi_consumers.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    scopes: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Empty: until it is withdrawn."""
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Last used; written at most once a minute."""

    account: Mapped[Account] = relationship(lazy="joined")
    consumer: Mapped[Consumer] = relationship(lazy="joined")


class Nonce(Model):
    """A signed request that was taken, so that it isn't taken twice."""

    __tablename__ = "usosapi_nonces"
    __table_args__ = (Index(None, "forget_at"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of consumer, token, timestamp and nonce."""
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From then on its timestamp alone is reason to refuse it."""
