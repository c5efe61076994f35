"""What the order page shows, put together once for the first view and for every poll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flask_babel import gettext as _

from portal import clock
from portal.issuer.interface import Offer
from portal.mlegitymacja.polling import Watch, version_seen
from portal.orders import service, words
from portal.orders.models import Order
from portal.orders.service import Standing
from portal.orders.states import Reason, Status


@dataclass(frozen=True)
class Panel:
    """One student's order, ready for the templates."""

    standing: Standing
    offer: Offer | None
    watch: Watch

    @cached_property
    def history(self) -> Sequence[Order]:
        """All orders of the student; only asked for where the page shows them anew."""
        return service.history_for(self.standing.student_id)

    @property
    def order(self) -> Order | None:
        return self.standing.order

    @property
    def status(self) -> Status | None:
        return self.standing.status

    @property
    def status_text(self) -> str:
        return "" if self.status is None else str(words.STATUS[self.status])

    @property
    def reason_text(self) -> str:
        """Why it stands so, where the student can make something of it."""
        if self.order is None or self.order.reason is None:
            return ""
        return str(words.REASON.get(Reason(self.order.reason), ""))

    @property
    def may_change(self) -> bool:
        """Whether the order may still change by itself, so that watching is worth it."""
        return self.status in (Status.WAITING, Status.IN_PROGRESS, Status.READY) or self.offer is not None

    @property
    def polls(self) -> bool:
        return self.may_change and not self.watch.over

    @property
    def codes_open(self) -> bool:
        return self.watch.codes and self.offer is not None

    @property
    def title(self) -> str:
        if self.status is None:
            return str(_("mLegitymacja"))
        return str(_("%(status)s – mLegitymacja order", status=self.status_text))


def for_student(student_id: int, watch: Watch | None = None, *, codes: bool = False) -> Panel:
    """The panel as it should be shown now; `watch` where a page goes on watching."""
    standing = service.current_for(student_id)
    seen = version_seen(standing.order)
    watch = watch.at(watch.due_step(clock.now()), seen) if watch else Watch.begin(seen, codes=codes)
    offer = service.open_offer(standing.order) if standing.order else None
    return Panel(standing, offer, watch)
