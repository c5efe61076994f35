"""What an app may be let do: the scopes of the USOS API that mean something here."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

SEPARATOR = "|"


class Scope(StrEnum):
    """In the order in which the consent page tells of them."""

    CARDS = "cards"
    STUDIES = "studies"
    PHOTO = "photo"
    PERSONAL = "personal"
    EMAIL = "email"
    OFFLINE_ACCESS = "offline_access"


ELSEWHERE = frozenset(
    {
        "adm_documents",
        "change_all_preferences",
        "crstests",
        "dorm_admin",
        "edit_user_attrs",
        "events",
        "grades",
        "grades_write",
        "mailclient",
        "mobile_numbers",
        "other_emails",
        "payments",
        "placement_tests",
        "session_debugging_perms",
        "slips",
        "slips_admin",
        "staff_perspective",
        "student_exams",
        "student_exams_write",
        "surveys_filling",
        "surveys_reports",
        "theses_protocols_write",
    }
)
"""Scopes of the USOS API that open nothing here: an app written for a whole USOS may ask for them."""

USUAL = (Scope.CARDS, Scope.STUDIES, Scope.OFFLINE_ACCESS)
"""What an app may ask for unless the administrator says otherwise: no PESEL, no photo, no address."""

TITLE: dict[Scope, LazyString] = {
    Scope.CARDS: _l("Your cards"),
    Scope.STUDIES: _l("Your studies"),
    Scope.PHOTO: _l("Your photo"),
    Scope.PERSONAL: _l("Your PESEL number"),
    Scope.EMAIL: _l("Your e-mail address"),
    Scope.OFFLINE_ACCESS: _l("Access without a time limit"),
}

MEANING: dict[Scope, LazyString] = {
    Scope.CARDS: _l(
        "See your plastic card and your mLegitymacja, order an mLegitymacja, read the QR code and the "
        "activation code, cancel an order and revoke the card."
    ),
    Scope.STUDIES: _l("See your album number and whether your student status is active."),
    Scope.PHOTO: _l("See your photo from USOS."),
    Scope.PERSONAL: _l("See your full PESEL number."),
    Scope.EMAIL: _l("See your e-mail address from USOS."),
    Scope.OFFLINE_ACCESS: _l(
        "Do all this also when you are not using the app, until you withdraw the access. Without this the "
        "access ends after two hours."
    ),
}
NAMES = _l(
    "See your given names and your surname, also those on your plastic card where they have changed since, "
    "your identifier in USOS, and whether there is a photo of you."
)
"""What every app with access may do, whatever it asked for."""


class UnknownScope(ValueError):
    """No scope of the USOS API; the text is the word."""


def parse(text: str) -> tuple[Scope, ...]:
    """The scopes of ``a|b|c`` that mean something here, each once. Raises `UnknownScope`."""
    found = set()
    for word in filter(None, (part.strip() for part in text.split(SEPARATOR))):
        if word in ELSEWHERE:
            continue
        try:
            found.add(Scope(word))
        except ValueError as error:
            raise UnknownScope(word) from error
    return ordered(found)


def ordered(scopes: Collection[Scope]) -> tuple[Scope, ...]:
    return tuple(scope for scope in Scope if scope in scopes)


def joined(scopes: Collection[Scope]) -> str:
    return SEPARATOR.join(ordered(scopes))
