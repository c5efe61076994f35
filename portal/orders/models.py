"""The orders' tables."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Model, UtcDateTime

_LIVE = text("status IN ('waiting', 'in_progress', 'ready', 'collected')")


class Order(Model):
    """One order, from „Zamów” to the end of its card. Changed only by `orders.transitions`."""

    __tablename__ = "orders"
    __table_args__ = (
        # At most one live order a student: kept by the database, whatever the code does.
        Index(
            "uq_orders_live_student", "student_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
        ),
        # Every queue of the engine reads this one; a partial index would be ignored by SQLite's planner.
        Index("ix_orders_queue", "status", "due_at", "id"),
        Index("ix_orders_student_id", "student_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id"))
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)
    """One more with each event: what a page that polls compares."""
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status_at: Mapped[datetime] = mapped_column(UtcDateTime)
    planned_valid_until: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(40))
    """Why the order stands where it stands, a word of `orders.states.Reason`."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the engine should look at it next, whatever its status: to claim it, to take back a lost lease, to
    let it run out or lapse, to tell the issuer that it ended. Empty: never again."""
    claimed_by: Mapped[str | None] = mapped_column(String(32))
    """Random for each claim; whoever finishes must still hold it."""
    attempts: Mapped[int] = mapped_column(default=0)
    issuer_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the issuer acknowledged that this ended order's card is revoked."""
    looks_valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """After a revocation: until when an offline copy may still look valid."""

    events: Mapped[list[OrderEvent]] = relationship(back_populates="order", order_by="OrderEvent.id")


class OrderEvent(Model):
    """One row of an order's history, written with the change itself."""

    __tablename__ = "order_events"
    __table_args__ = (Index(None, "order_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(24))
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(40))

    order: Mapped[Order] = relationship(back_populates="events")
