"""What a student should be told about the card on whatever page: that it ends, or can be extended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal import clock
from portal.database import db
from portal.orders import standing as standings
from portal.orders import validity
from portal.orders.models import Order
from portal.orders.standing import Standing
from portal.orders.states import Status
from portal.registry.records import RegistryUnavailable, els_valid_until
from portal.settings import settings

AHEAD = timedelta(days=30)
"""How long before a card's last day its owner is told of it."""


class Kind(StrEnum):
    EXTENSION_DUE = "extension_due"
    """One press gives the card a later last day."""
    APP_BEHIND = "app_behind"
    """The card was extended, but the copy in the app ends soon (or has ended)."""
    ENDS = "ends"
    """The card ends soon, and can't be extended yet."""


@dataclass(frozen=True)
class Notice:
    """What to tell. Days are Europe/Warsaw, the last one included."""

    kind: Kind
    valid_until: date
    """Last day of the card; of the app's copy where that is behind."""
    last_day: bool
    """Whether that is today."""
    new_valid_until: date | None = None
    """The last day after an extension, or of a card whose copy is behind."""


def notice_for(student_id: int) -> Notice | None:
    """What any page should tell this student: a query for the order, and one more where a card is held."""
    standing = standings.current_for(student_id)
    order = standing.order
    if order is None or standing.status != Status.COLLECTED:
        return None
    if _may_be_extended(order):
        return of(standing)  # which asks the whole registry, but few students and not for long
    return _ending(order)


def of(standing: Standing) -> Notice | None:
    """The notice for a page that has the student's standing already."""
    order = standing.order
    if order is None or standing.status != Status.COLLECTED:
        return None
    extended_until = standing.extension_due
    if extended_until is not None:
        last_day = order.planned_valid_until
        return Notice(Kind.EXTENSION_DUE, last_day, last_day == clock.today(), extended_until)
    return None if standing.extending else _ending(order)


def _ending(order: Order) -> Notice | None:
    today = clock.today()
    copy_until, card_until = order.copy_valid_until, order.planned_valid_until
    if copy_until is not None and copy_until < card_until and copy_until - today <= AHEAD:
        return Notice(Kind.APP_BEHIND, copy_until, copy_until == today, card_until)
    if card_until - today <= AHEAD:
        return Notice(Kind.ENDS, card_until, card_until == today)
    return None


def _may_be_extended(order: Order) -> bool:
    """Cheap and necessary, not sufficient: what the extended card would be bounded by lies later."""
    if settings().policy == "classic":
        try:
            until = els_valid_until(db.session(), order.student_id)
        except RegistryUnavailable:
            return False
    else:
        until = validity.semester_end(clock.today())
    return until is not None and until > order.planned_valid_until
