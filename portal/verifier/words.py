"""The inspector's sentences: what each word of a check means to the person who stands there."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from portal.verifier.checking import Reason, Verdict
from portal.verifier.inspections import Refusal, Status
from portal.verifier.presets import Preset

PRESET: dict[Preset, LazyString] = {
    Preset.CARRIER: _l("Carrier"),
    Preset.LIBRARY: _l("Library"),
    Preset.VALIDITY: _l("Validity alone"),
}
PURPOSE: dict[Preset, LazyString] = {
    Preset.CARRIER: _l("For a discount ticket: is the card valid, and is this the person?"),
    Preset.LIBRARY: _l("For lending: as for a carrier, and the album number."),
    Preset.VALIDITY: _l("For a student discount where nobody needs to know who it is."),
}
SHORT: dict[Verdict, LazyString] = {
    Verdict.VALID: _l("VALID"),
    Verdict.INVALID: _l("NOT VALID"),
    Verdict.UNCONFIRMED: _l("NOT CONFIRMED"),
}
NEWS: dict[Verdict, LazyString] = {
    Verdict.VALID: _l("The card is valid."),
    Verdict.INVALID: _l("The card is not valid."),
    Verdict.UNCONFIRMED: _l("The card is not confirmed."),
}
REASON: dict[Reason, LazyString] = {
    Reason.EXPIRED: _l("The card's last day has passed."),
    Reason.NOT_YET_VALID: _l("The card will be valid only later."),
    Reason.REVOKED: _l("The card was revoked."),
    Reason.SUSPENDED: _l("The university has suspended the card."),
    Reason.UNKNOWN_ISSUER: _l("The card comes from somebody whom this portal does not trust."),
    Reason.BAD_SIGNATURE: _l("The university's signature does not fit."),
    Reason.ALTERED: _l("What the card says was altered."),
    Reason.NO_HOLDER: _l("The app did not prove that the card belongs to this phone."),
    Reason.WRONG_HOLDER: _l("The card belongs to another phone."),
    Reason.WRONG_QUESTION: _l("The app answered another check, not this one."),
    Reason.WRONG_TYPE: _l("This is no student card that counts here."),
    Reason.MISSING_CLAIMS: _l("The app did not show all that was asked for."),
    Reason.MALFORMED: _l("What the app sent is no card."),
    Reason.LIST_UNREACHABLE: _l("The list of revoked cards cannot be reached."),
    Reason.LIST_TOO_OLD: _l("The list of revoked cards is out of date."),
    Reason.LIST_WRONG: _l("The list of revoked cards cannot be trusted."),
    Reason.KEYS_UNREACHABLE: _l("The university that signed the card cannot be reached."),
}
REFUSAL: dict[Refusal, LazyString] = {
    Refusal.DECLINED: _l("The holder refused to show the card."),
    Refusal.WALLET: _l("The app could not answer. Perhaps there is no fitting card in it."),
}
HEADING: dict[Status, LazyString] = {
    Status.WAITING: _l("Waiting for the card"),
    Status.ANSWERED: _l("The card was checked"),
    Status.REFUSED: _l("No card was shown"),
    Status.EXPIRED: _l("Nobody answered in time"),
    Status.FORGOTTEN: _l("The data are erased"),
}

VALIDITY = _l("whether the card is valid, and until when")
UNIVERSITY = _l("the university")
CLAIM: dict[str, LazyString] = {
    "given_name": _l("given names"),
    "family_name": _l("surname"),
    "picture": _l("photo"),
    "student_number": _l("album number"),
}
NEVER_ASKED = (_l("date of birth"), _l("PESEL"))


def asked(preset: Preset) -> list[LazyString]:
    """What the holder is asked to show."""
    return [VALIDITY, UNIVERSITY, *(CLAIM[name] for name in preset.claims)]


def not_asked(preset: Preset) -> list[LazyString]:
    """What is on the card too, and stays with the holder."""
    return [*(label for name, label in CLAIM.items() if name not in preset.claims), *NEVER_ASKED]


def counted(verdict: str) -> str:
    """What a number counts: a verdict, or that no card was shown."""
    return str(HEADING[Status.REFUSED] if verdict == Status.REFUSED else SHORT[Verdict(verdict)])
