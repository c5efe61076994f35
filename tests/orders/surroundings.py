"""What surrounds the orders in these tests: the real issuer with a door to stand at, and USOS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from portal.audit import Actor
from portal.database import db, write
from portal.issuer.interface import CardRequest
from portal.issuer.models import Card, CardStatus
from portal.orders.models import Extension, Order
from portal.orders.transitions import Cause
from portal.registry.models import PlasticCard, Student

LATER = date(2027, 10, 31)
FIRST = date(2027, 3, 31)
"""Last day of the ELS of `make_student`, and so of every card at first."""
CAUSE = Cause(Actor("a test"))


def nothing() -> None: ...


class Door:
    """The real issuer, at whose door things can happen: a second implementation of the protocol."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.failure: Callable[[str], Exception | None] = lambda _: None
        self.unreachable: Exception | None = None
        self.before: Callable[[], None] = nothing
        self.after: Callable[[], None] = nothing
        self.asked: list[tuple[str, date]] = []
        self.revoked: list[str] = []

    def extend(self, requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
        self.before()
        for request in requests:
            if error := self.failure(request.reference):
                raise error
        self.asked += [(request.reference, request.data.valid_until) for request in requests]
        answers = self.real.extend(requests)
        self.after()
        return answers

    def revoke(self, references: Sequence[str]) -> dict[str, Exception | None]:
        if self.unreachable:
            raise self.unreachable
        self.revoked += references
        return self.real.revoke(references)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def els_extended(student_id: int, until: date = LATER) -> None:
    """As an import of an extended ELS leaves it; the orders are not told."""
    with write() as session:
        session.query(PlasticCard).filter_by(student_id=student_id).update({"valid_until": until})


def status_lost(student_id: int) -> None:
    """Only in the registry: the orders are not told."""
    with write() as session:
        session.query(Student).filter_by(id=student_id).update({"status": "inactive"})


def unreadable(student_id: int) -> None:
    """As if the key that it was encrypted with were lost."""
    with write() as session:
        session.execute(
            text("UPDATE students SET pesel = :broken WHERE id = :id"), {"broken": b"?", "id": student_id}
        )


def issuer_says(order: Order) -> date | None:
    """The last day that the issuer's card names; None where it has ended."""
    db.session.rollback()
    card = db.session.query(Card).filter_by(reference=order.public_id).one()
    return card.valid_until if card.status == CardStatus.LIVE else None


def extensions_of(order: Order) -> list[Extension]:
    db.session.rollback()
    return db.session.query(Extension).filter_by(order_id=order.id).order_by(Extension.id).all()


def extension_of(order: Order) -> Extension:
    """The latest."""
    return extensions_of(order)[-1]
