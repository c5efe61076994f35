"""The sentences of the domain, in the reader's language: statuses, criteria, what to do and who does it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from portal.orders.eligibility import Criterion, Verdict
from portal.orders.states import Event, ExtensionEvent, ExtensionStatus, Reason, Status

STATUS: dict[Status, LazyString] = {
    Status.WAITING: _l("Waiting"),
    Status.IN_PROGRESS: _l("In progress"),
    Status.READY: _l("Ready to collect"),
    Status.COLLECTED: _l("Collected"),
    Status.FAILED: _l("Error"),
    Status.CANCELLED: _l("Cancelled"),
    Status.REVOKED: _l("Revoked"),
    Status.EXPIRED: _l("Expired"),
    Status.LAPSED: _l("Past its last day"),
}

NEWS: dict[Status, LazyString] = {
    Status.WAITING: _l("Your order is waiting to be processed."),
    Status.IN_PROGRESS: _l("Your mLegitymacja is being prepared. This usually takes a few seconds."),
    Status.READY: _l("Your mLegitymacja is ready. You can add it to the app."),
    Status.COLLECTED: _l("Your mLegitymacja has been added to the app."),
    Status.FAILED: _l("The order could not be processed."),
    Status.CANCELLED: _l("The order was cancelled."),
    Status.REVOKED: _l("The mLegitymacja was revoked."),
    Status.EXPIRED: _l("The codes have expired before they were used."),
    Status.LAPSED: _l("The mLegitymacja is past its last day."),
}
"""What a screen reader hears, once, when the page has changed by itself."""

EXTENSION_STATUS: dict[ExtensionStatus, LazyString] = {
    ExtensionStatus.WAITING: _l("Waiting"),
    ExtensionStatus.IN_PROGRESS: _l("In progress"),
    ExtensionStatus.DONE: _l("Done"),
    ExtensionStatus.FAILED: _l("Error"),
    ExtensionStatus.DROPPED: _l("Dropped"),
}

EXTENSION_NEWS: dict[ExtensionStatus, LazyString] = {
    ExtensionStatus.WAITING: _l("The extension of your mLegitymacja is waiting to be processed."),
    ExtensionStatus.IN_PROGRESS: _l("Your mLegitymacja is being extended. This usually takes a few seconds."),
    ExtensionStatus.FAILED: _l("The mLegitymacja could not be extended."),
}
"""The same for an extension that is under way or failed; that it is done, the page says with the new day."""

CRITERION: dict[Criterion, LazyString] = {
    Criterion.ACTIVE_STATUS: _l("You have active student status"),
    Criterion.PESEL: _l("You have a PESEL number"),
    Criterion.ALBUM_NUMBER: _l("You have an album number"),
    Criterion.PHOTO: _l("You have a photo in the USOS system"),
    Criterion.ELS_ISSUED: _l("You have the plastic student card (ELS)"),
    Criterion.ELS_EXTENDED: _l("Your plastic card (ELS) has been extended in USOS"),
    Criterion.DATA_UNCHANGED: _l("Your personal data have not changed since the plastic card was issued"),
}

REMEDY: dict[Criterion, LazyString] = {
    Criterion.ACTIVE_STATUS: _l(
        "The student office (dziekanat) can tell you why your status is not active and what to do."
    ),
    Criterion.PESEL: _l(
        "USOS has no correct PESEL number of yours. If you have one, give it to the student office "
        "(dziekanat); if you have none, use the plastic card."
    ),
    Criterion.ALBUM_NUMBER: _l("The student office (dziekanat) assigns the album number. Please ask there."),
    Criterion.PHOTO: _l("Upload a photo in USOS yourself; it appears here after the office has accepted it."),
    Criterion.ELS_ISSUED: _l("Collect the plastic card at the student office (dziekanat)."),
    Criterion.ELS_EXTENDED: _l("Have the plastic card extended at the student office (dziekanat)."),
    Criterion.DATA_UNCHANGED: _l(
        "The student office (dziekanat) must issue a new plastic card with your present personal data."
    ),
}

UNKNOWN_REMEDY = _l("USOS could not be read just now. Nothing is wrong on your side: please come back later.")

VERDICT: dict[Verdict, LazyString] = {
    Verdict.MET: _l("met"),
    Verdict.NOT_MET: _l("not met"),
    Verdict.UNKNOWN: _l("unknown"),
    Verdict.NOT_REQUIRED: _l("not required"),
}

EVENT: dict[Event, LazyString] = {
    Event.PLACE: _l("Ordered"),
    Event.CLAIM: _l("Taken up for processing"),
    Event.PREPARED: _l("Prepared, ready to collect"),
    Event.TRY_AGAIN: _l("Processing will be tried again"),
    Event.GIVE_UP: _l("Could not be processed"),
    Event.CANCEL: _l("Cancelled by the student"),
    Event.COLLECT: _l("Added to the app"),
    Event.REOFFER: _l("New codes given"),
    Event.RUN_OUT: _l("The codes expired"),
    Event.REVOKE: _l("Revoked by the student"),
    Event.REVOKE_BY_UNIVERSITY: _l("Revoked by the university"),
    Event.DELETED_IN_WALLET: _l("Removed from the app"),
    Event.LAPSE: _l("The last day has passed"),
    Event.EXTEND: _l("Extended"),
    Event.REFRESH: _l("The app has the new date"),
    Event.SHORTEN: _l("Ends earlier than planned"),
}

EXTENSION_EVENT: dict[ExtensionEvent, LazyString] = {
    ExtensionEvent.ASK: _l("Extension requested"),
    ExtensionEvent.GIVE_UP: _l("The extension failed"),
    ExtensionEvent.DROP: _l("The extension was dropped"),
}
"""Only what the history tells of an extension itself; that it is done, the card's own history tells."""

REASON: dict[Reason, LazyString] = {
    Reason.ISSUER_UNAVAILABLE: _l(
        "The issuing system is temporarily unavailable. We keep trying: there is nothing for you to do."
    ),
    Reason.REGISTRY_UNAVAILABLE: _l(
        "USOS is temporarily unavailable. We keep trying: there is nothing for you to do."
    ),
    Reason.NOT_ELIGIBLE: _l("The conditions were no longer met when the order was processed."),
    Reason.ATTEMPTS_USED_UP: _l("The issuing system did not answer in spite of repeated attempts."),
    Reason.ISSUER_REFUSED: _l("The issuing system refused the order."),
    Reason.WRONG_CODES: _l("The activation code was entered wrongly five times, so the old codes are void."),
    Reason.SPENT: _l("The codes were used but no card reached the app, so the old codes are void."),
    Reason.NOT_STORED: _l("The app could not keep the card, so you need new codes."),
    Reason.STATUS_LOST: _l("Loss of student status"),
    Reason.DATA_CHANGED: _l("Change of personal data"),
    Reason.ELS_ENDED: _l("The plastic card (ELS) is no longer valid"),
    Reason.NEW_PHONE: _l("New phone"),
    Reason.LOST_DEVICE: _l("Lost or stolen phone"),
    Reason.MISTAKE: _l("Mistake"),
    Reason.MISUSE: _l("Misuse of the card"),
}
"""Only the reasons that a student can make something of."""

EXTENSION_REASON: dict[Reason, LazyString] = {
    Reason.ISSUER_UNAVAILABLE: REASON[Reason.ISSUER_UNAVAILABLE],
    Reason.REGISTRY_UNAVAILABLE: REASON[Reason.REGISTRY_UNAVAILABLE],
    Reason.NOT_ELIGIBLE: _l("The conditions were no longer met when the extension was processed."),
    Reason.ATTEMPTS_USED_UP: REASON[Reason.ATTEMPTS_USED_UP],
    Reason.ISSUER_REFUSED: _l("The issuing system refused the extension."),
}
"""Why an extension waits or failed."""


def of_entry(what: Event | ExtensionEvent) -> LazyString:
    """What the history calls it. The two kinds share some words of the program, so the type decides."""
    return EXTENSION_EVENT[what] if isinstance(what, ExtensionEvent) else EVENT[what]


def why(what: Event | ExtensionEvent, reason: Reason | None) -> LazyString | None:
    """Why it happened, where that tells a student something."""
    if reason is None:
        return None
    return (EXTENSION_REASON if isinstance(what, ExtensionEvent) else REASON).get(reason)
