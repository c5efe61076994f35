"""What the registry tells while it learns of changes, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class StudentChange:
    """Somebody about whom an import changed something."""

    student_id: int
    personal: bool
    """Whether names, birth date, PESEL or album number differ: what a card shows."""


@runtime_checkable
class RegistryListener(Protocol):
    """Who hears of what an import changes."""

    def students_changed(self, session: Session, changes: Sequence[StudentChange]) -> int:
        """Draw the consequences in the caller's transaction; how many live cards and orders it ends."""

    def would_end(self, session: Session, changes: Sequence[StudentChange]) -> int:
        """How many `students_changed` would end, by the caller's transaction; writes nothing."""

    def live_cards(self, session: Session) -> int:
        """How many cards and orders live: what the share of a mass revocation is counted of."""

    def holders(self, session: Session, student_ids: Collection[int]) -> set[int]:
        """Who of these students has a live card or order, so that an import can end one."""

    def committed(self) -> None:
        """The transaction is written: what others outside of it must hear can be told now.

        Raises nothing: what could not be told is told later by others.
        """
