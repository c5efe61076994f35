"""What wallets show of the card, in both languages at once: a wallet picks one, so gettext can't.

In the order in which wallets show the claims.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClaimText:
    name: str
    pl: str
    en: str
    disclosable: bool = True
    """Selectively disclosable: the holder decides; otherwise every verifier sees it."""
    always: bool = True
    """In every card; otherwise only where the registry knows it."""

    def label(self, language: str) -> str:
        return self.pl if language == "pl" else self.en


NAME = {"pl": "mLegitymacja studencka", "en": "Mobile student card"}
ACTIVATION_HINT = (
    "Kod aktywacyjny ze strony mLegitymacji, obok kodu QR. / "
    "The activation code from the student card page, beside the QR code."
)
"""At most 300 characters; the standard has room for one language only."""

CLAIMS = (
    ClaimText("picture", "Zdjęcie", "Photo"),
    ClaimText("given_name", "Imiona", "Given names"),
    ClaimText("family_name", "Nazwisko", "Surname"),
    ClaimText("birthdate", "Data urodzenia", "Date of birth", always=False),
    ClaimText("pesel", "PESEL", "PESEL number", always=False),
    ClaimText("student_number", "Numer albumu", "Student number"),
    ClaimText("card_number", "Numer legitymacji", "Card number"),
    ClaimText("issuing_authority", "Uczelnia", "University", disclosable=False),
    ClaimText(
        "issuing_authority_short", "Skrót nazwy uczelni", "Short name of the university", disclosable=False
    ),
    ClaimText("issuing_country", "Kraj", "Country", disclosable=False),
    ClaimText("schac_home_organization", "Domena uczelni", "Domain of the university", disclosable=False),
    ClaimText("faculty", "Wydział", "Faculty", always=False),
    ClaimText("study_level", "Poziom studiów", "Level of studies", always=False),
    ClaimText("date_of_issue", "Data wydania", "Date of issue"),
    ClaimText("date_of_expiry", "Ważna do", "Valid until", disclosable=False),
    ClaimText("age_over_18", "Pełnoletność", "Aged 18 or over", always=False),
    ClaimText(
        "schac_personal_unique_code", "Europejski identyfikator studenta", "European Student Identifier"
    ),
    ClaimText("eduperson_scoped_affiliation", "Przynależność", "Affiliation"),
)
