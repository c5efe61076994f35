"""What the inspector's page shows, put together once for the first view and for every poll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from flask_babel import gettext as _

from portal import clock, language
from portal.polling import Watch
from portal.verifier import inspections, requests, results, words
from portal.verifier.checking import Reason, Verdict
from portal.verifier.inspections import Refusal, Status
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset
from portal.verifier.results import Shown

SLOW = 20.0
"""Seconds between two polls of a page that shows an answer: all that can happen is that it is forgotten."""
SLOW_STEP, LAST_STEP = 100, 101
"""Beside the steps of `portal.polling.PACE`."""


@dataclass(frozen=True)
class Pace:
    """How soon the page asks again."""

    step: int
    interval: str


@dataclass(frozen=True)
class Panel:
    """One inspection as it stands at this moment."""

    inspection: Inspection
    status: Status
    watch: Watch
    now: datetime

    @property
    def preset(self) -> Preset:
        return Preset(self.inspection.preset)

    @property
    def text(self) -> str:
        """What the QR holds."""
        return requests.text(self.inspection)

    @property
    def verdict(self) -> Verdict | None:
        said = self.inspection.verdict if self.status == Status.ANSWERED else None
        return None if said is None else Verdict(said)

    @cached_property
    def shown(self) -> Shown:
        return results.of_inspection(self.inspection) if self.verdict else Shown()

    @property
    def has_photo(self) -> bool:
        return self.verdict is not None and self.inspection.photo is not None

    @property
    def university(self) -> str:
        return self.shown.names.get(language.current(), "")

    @property
    def forgotten_at(self) -> datetime | None:
        """When what stands here is erased."""
        return inspections.forgotten_from(self.inspection)

    @property
    def why(self) -> str:
        """Why the card is not valid, or why there is none."""
        said = self.inspection.reason
        if said is None or self.status not in (Status.ANSWERED, Status.REFUSED):
            return ""
        if self.status == Status.REFUSED:
            return str(words.REFUSAL[Refusal(said)])
        return str(words.REASON[Reason(said)])

    @property
    def heading(self) -> str:
        return str(words.HEADING[self.status])

    @property
    def title(self) -> str:
        """For the browser's tab."""
        said = words.SHORT[self.verdict] if self.verdict else self.heading
        return str(_("%(status)s – check of a card", status=said))

    @property
    def news(self) -> str:
        """What a screen reader says, once, of how it stands now."""
        first = str(words.NEWS[self.verdict]) if self.verdict else f"{self.heading}."
        who = f"{self.shown.full_name}." if self.shown.full_name else ""
        return " ".join(part for part in (first, self.why, who) if part)

    @cached_property
    def pace(self) -> Pace | None:
        """None where nothing changes any more by itself."""
        if self.status == Status.WAITING and not self.watch.over:
            return Pace(self.watch.step, self.watch.interval)
        if self.status != Status.ANSWERED or self.forgotten_at is None:
            return None
        left = (self.forgotten_at - self.now).total_seconds()
        step, seconds = (SLOW_STEP, SLOW) if left > SLOW else (LAST_STEP, left + 0.5)
        return Pace(step, f"{round(seconds * 1000)}ms")


def of(inspection: Inspection, before: Watch | None = None) -> Panel:
    """The panel as it should be shown now; `before` where a page goes on watching."""
    now, status = clock.now(), inspections.status_of(inspection)
    watch = before.at(before.due_step(now), status) if before else Watch.begin(status)
    return Panel(inspection, status, watch, now)
