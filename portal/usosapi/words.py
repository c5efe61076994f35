"""What the USOS API says to students, always in both languages: the words are those of `orders`."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import LazyString, force_locale
from flask_babel import lazy_gettext as _l

from portal.language import LANGUAGES
from portal.orders import words
from portal.orders.eligibility import Verdict
from portal.orders.standing import Standing
from portal.orders.states import Status

OTHER_CARD = _l(
    "The mLegitymacja is for students of first-cycle, second-cycle and long-cycle studies. Doctoral students "
    "have their own doctoral card (ELD); participants of postgraduate studies get a certificate from their "
    "programme's office."
)
NOT_NOW = _l("No mLegitymacja can be ordered now.")
ORDERED = _l("You have an order already.")
HAS_CARD = _l("You have a valid mLegitymacja already.")
NOTHING_TO_REVOKE = _l("There is no order to cancel and no card to revoke.")
ENDED = _l("This order or card has ended already.")


def both(*sentences: LazyString) -> dict[str, str]:
    """``{"pl": …, "en": …}``."""
    told = {}
    for language in LANGUAGES:
        with force_locale(language):
            told[language] = " ".join(str(sentence) for sentence in sentences)
    return told


def why_cannot_order(standing: Standing) -> dict[str, str] | None:
    """Everything that keeps the student from ordering; None: nothing does."""
    if standing.live:
        return both(HAS_CARD if standing.status == Status.COLLECTED else ORDERED)
    return None if standing.may_order else both(*_unmet(standing))


def why_cannot_revoke(standing: Standing) -> dict[str, str] | None:
    return None if standing.live else both(NOTHING_TO_REVOKE)


def _unmet(standing: Standing) -> Iterable[LazyString]:
    if standing.eligibility.other_card:
        return (OTHER_CARD,)
    if standing.eligibility.unknown:
        return (words.UNKNOWN_REMEDY,)
    return tuple(
        words.REMEDY[check.criterion]
        for check in standing.eligibility.checks
        if check.verdict == Verdict.NOT_MET
    )
