"""What the claims of a card are called, for a person who is asked to show them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.wallet.openid.reading import plain

TECHNICAL = frozenset({"iss", "iat", "nbf", "exp", "vct", "cnf", "status", "_sd", "_sd_alg"})
"""Claims that say nothing about the holder; every verifier sees them."""

_LABELS = {
    "picture": _l("Photo"),
    "given_name": _l("Given names"),
    "family_name": _l("Surname"),
    "birthdate": _l("Date of birth"),
    "pesel": _l("PESEL number"),
    "student_number": _l("Album number"),
    "card_number": _l("Card number"),
    "issuing_authority": _l("University"),
    "issuing_authority_short": _l("University (short name)"),
    "issuing_country": _l("Country"),
    "schac_home_organization": _l("Domain of the university"),
    "schac_personal_unique_code": _l("European Student Identifier"),
    "eduperson_scoped_affiliation": _l("Affiliation"),
    "faculty": _l("Faculty"),
    "study_level": _l("Level of studies"),
    "date_of_issue": _l("Date of issue"),
    "date_of_expiry": _l("Valid until"),
    "age_over_18": _l("Aged 18 or over"),
}


def claim_label(name: str) -> str:
    """The claim's name in the page's language; of one that we don't know, its technical name."""
    return str(_LABELS.get(name, plain(name)))
