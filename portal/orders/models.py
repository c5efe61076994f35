"""The orders' tables."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Model, UtcDateTime

_LIVE = text("status IN ('waiting', 'in_progress', 'ready', 'collected')")
_OPEN = text("status IN ('waiting', 'in_progress')")


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
        Index("ix_orders_remind_at", "remind_at"),
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

    copy_valid_until: Mapped[date | None]
    """Last day of the copy that the app holds; earlier than planned: the app hasn't fetched an extension yet.
    Empty: never collected."""
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When to look whether its owner should be reminded of its end. Empty: never (again)."""

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


class Extension(Model):
    """A collected card on its way to a later last day. Changed only by `orders.extensions`."""

    __tablename__ = "order_extensions"
    __table_args__ = (
        # At most one at a time for each order.
        Index(
            "uq_order_extensions_open_order",
            "order_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_order_extensions_queue", "status", "due_at", "id"),
        Index("ix_order_extensions_order_id", "order_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    status: Mapped[str] = mapped_column(String(16))
    old_valid_until: Mapped[date]
    new_valid_until: Mapped[date]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by: Mapped[str] = mapped_column(String(64))
    status_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(40))


class Mail(Model):
    """A mail to a student, written down with what it tells of. Address and language are looked up when it is
    sent; nothing here says more about the student than that there is one."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_due_at", "due_at"),
        Index("ix_mails_student_id", "student_id"),
        Index("ix_mails_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id"))
    kind: Mapped[str] = mapped_column(String(20))
    occasion: Mapped[str] = mapped_column(String(120), unique=True)
    """What it is about, so that nobody is told twice: the kind, the order, the step of it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When to try (again); empty: it was sent, or it won't be."""
    attempts: Mapped[int] = mapped_column(default=0)
    handed_over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Written just before its text goes to the mail server: whatever happens then, it is not sent twice."""
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
