"""One-time links with which somebody sets a password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
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
