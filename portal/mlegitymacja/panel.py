"""What the order page shows, put together once for the first view and for every poll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from flask_babel import format_date
from flask_babel import gettext as _

from portal import clock
from portal.issuer.interface import Offer
from portal.mlegitymacja.polling import version_seen
from portal.orders import history, notices, service, words
from portal.orders.history import History
from portal.orders.models import Extension, Order
from portal.orders.notices import Notice
from portal.orders.service import Standing
from portal.orders.states import ExtensionStatus, Reason, Status
from portal.polling import Watch

SHOWN_ORDERS = 6
"""Of the history on the order page; the others have a page of their own, so that this one stays light."""
BY_UNIVERSITY = frozenset(
    {
        Reason.STATUS_LOST,
        Reason.DATA_CHANGED,
        Reason.ELS_ENDED,
        Reason.LOST_DEVICE,
        Reason.MISTAKE,
        Reason.MISUSE,
    }
)
RIGHT_LOST = (Reason.STATUS_LOST, Reason.DATA_CHANGED, Reason.ELS_ENDED)
ENDED_BY_ITSELF = (Status.FAILED, Status.EXPIRED, Status.LAPSED)


@dataclass(frozen=True)
class Panel:
    """One student's order, ready for the templates."""

    standing: Standing
    offer: Offer | None
    watch: Watch

    @cached_property
    def history(self) -> History:
        """The student's newest orders; only asked for where the page shows them anew."""
        return history.of_student(self.standing.student_id, SHOWN_ORDERS)

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
    def reason(self) -> Reason | None:
        """Why it stands so; None too where time has moved it on and nobody has written that yet."""
        if self.order is None or self.order.reason is None or self.order.status != self.status:
            return None
        return Reason(self.order.reason)

    @property
    def reason_text(self) -> str:
        """Why it stands so, where the student can make something of it."""
        return "" if self.reason is None else str(words.REASON.get(self.reason, ""))

    @property
    def by_university(self) -> bool:
        """Whether it was the university that revoked the card."""
        return self.reason in BY_UNIVERSITY

    @cached_property
    def extension(self) -> Extension | None:
        """The extension that is under way or failed, while the card is there to be extended."""
        latest = self.standing.extension if self.status == Status.COLLECTED else None
        if latest is None or ExtensionStatus(latest.status) in (
            ExtensionStatus.DONE,
            ExtensionStatus.DROPPED,
        ):
            return None
        return latest

    @property
    def extending(self) -> bool:
        return self.status == Status.COLLECTED and self.standing.extending

    @property
    def behind(self) -> bool:
        """Whether the app should fetch a later last day, and nothing else is going on."""
        return self.standing.copy_behind and not self.extending

    @cached_property
    def notice(self) -> Notice | None:
        """What other pages say about the card; this one says it in place."""
        return notices.of(self.standing)

    @property
    def removed(self) -> bool:
        """Whether the app says that its holder removed the card from it."""
        return self.status == Status.COLLECTED and self.history.orders[0].removed_from_app

    @property
    def ended_on(self) -> date:
        """The first day on which the card is no longer valid."""
        assert self.order is not None  # noqa: S101 — only a card that lapsed is asked
        return self.order.planned_valid_until + timedelta(days=1)

    @property
    def may_look_valid(self) -> bool:
        """Whether an offline copy of the revoked card may look valid at this moment."""
        until = None if self.order is None else self.order.looks_valid_until
        return until is not None and until > clock.now()

    @property
    def may_change(self) -> bool:
        """Whether the order may still change by itself, so that watching is worth it."""
        waits = self.status in (Status.WAITING, Status.IN_PROGRESS, Status.READY)
        return waits or self.offer is not None or self.extending or self.behind

    @property
    def polls(self) -> bool:
        return self.may_change and not self.watch.over

    @property
    def codes_open(self) -> bool:
        return self.watch.codes and self.offer is not None

    @property
    def news(self) -> str:
        """What a screen reader says, once, of how it stands now."""
        return _sentences(self._headline, self._why, self._next_step)

    @property
    def text(self) -> str:
        """What the page says of how it stands; why a card was revoked has a row there."""
        return _sentences(self._headline, "" if self.status == Status.REVOKED else self._why, self._next_step)

    @property
    def title(self) -> str:
        if self.status is None:
            return str(_("mLegitymacja"))
        if self.extension is not None:
            status = words.EXTENSION_STATUS[ExtensionStatus(self.extension.status)]
            return str(_("%(status)s – extension of the mLegitymacja", status=status))
        return str(_("%(status)s – mLegitymacja order", status=self.status_text))

    @property
    def _headline(self) -> str:
        if self.status is None:
            return ""
        if self.status != Status.COLLECTED:
            return str(words.NEWS[self.status])
        if self.extension is not None:
            return str(words.EXTENSION_NEWS[ExtensionStatus(self.extension.status)])
        if self.removed:
            return str(_("The app says that the card was removed from it."))
        return self._of_the_copy()

    def _of_the_copy(self) -> str:
        """How the app's copy stands, of a card whose last day may have moved."""
        order = self.order
        assert order is not None  # noqa: S101 — it is collected
        day = format_date(order.planned_valid_until, "long")
        if self.behind:
            by_itself = "" if self.offer else _("The app takes the new date by itself.")
            return _sentences(_("Your mLegitymacja is extended to %(day)s.", day=day), by_itself)
        if order.copy_valid_until is not None and order.copy_valid_until > order.planned_valid_until:
            return str(_("Your mLegitymacja ends earlier than the app may show: on %(day)s.", day=day))
        if self._extended:
            return str(_("Your mLegitymacja is extended: the app has the new date, %(day)s.", day=day))
        return str(words.NEWS[Status.COLLECTED])

    @property
    def _extended(self) -> bool:
        latest = self.standing.extension
        return latest is not None and latest.status == ExtensionStatus.DONE

    @property
    def _why(self) -> str:
        if self.extension is not None and self.extension.reason:
            return str(words.EXTENSION_REASON.get(Reason(self.extension.reason), ""))
        return self.reason_text

    @property
    def _next_step(self) -> str:
        """For an order that ended without its owner's doing: whether another one is a press away."""
        if self.standing.live or self.status is None:
            return ""
        if not self.standing.may_order:
            return str(_("You cannot order again now. The list below says what is missing."))
        if self.reason in RIGHT_LOST:
            return str(_("Now you meet the conditions again: order a new mLegitymacja."))
        return str(_("You can order again in one step.")) if self.status in ENDED_BY_ITSELF else ""


def _sentences(*parts: str) -> str:
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


def for_student(student_id: int, watch: Watch | None = None, *, codes: bool = False) -> Panel:
    """The panel as it should be shown now; `watch` where a page goes on watching."""
    standing = service.current_for(student_id)
    seen = version_seen(standing.order)
    watch = watch.at(watch.due_step(clock.now()), seen) if watch else Watch.begin(seen, codes=codes)
    offer = service.open_offer(standing.order) if standing.order else None
    return Panel(standing, offer, watch)
