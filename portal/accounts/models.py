"""One-time links with which somebody sets a password, and failed log-ins where the database counts them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Double, ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime


class AccountLink(Model):
    """The open link of an account: one at most, so a newer one replaces the older; gone once used."""

    __tablename__ = "account_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """`identity.token_hash` of the random token in the link."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginFailures(Model):
    """Attempts of a name from one address, or of an address, that failed or are under way.

    Not logged by PostgreSQL: a crash of it forgets them. Unused on SQLite: one process counts in memory.
    """

    __tablename__ = "login_failures"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Keyed hash: people type passwords where names belong, and addresses are personal data."""
    stamps: Mapped[list[float]] = mapped_column(ARRAY(Double).with_variant(JSON, "sqlite"))
    """Seconds since 1970, as all times here."""
    last_at: Mapped[float] = mapped_column(Double)
    told_at: Mapped[float | None] = mapped_column(Double)
    """When the audit was last told that this key is refused."""
