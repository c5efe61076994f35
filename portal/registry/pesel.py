"""PESEL, the number of a person in Poland: is it one, and what birth date does it hold."""

from __future__ import annotations

from datetime import date

_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_CENTURIES = {80: 1800, 0: 1900, 20: 2000, 40: 2100}


def is_valid(pesel: str) -> bool:
    """Eleven digits, a right check digit and a date that exists (reference: domain, criterion `pesel`)."""
    if len(pesel) != 11 or not (pesel.isascii() and pesel.isdigit()):
        return False
    weighted = sum(int(digit) * weight for digit, weight in zip(pesel[:10], _WEIGHTS, strict=True))
    return (10 - weighted % 10) % 10 == int(pesel[10]) and _date(pesel) is not None


def birth_date(pesel: str) -> date | None:
    """The birth date that a valid PESEL holds (1800 to 2199); None where the number is not valid."""
    return _date(pesel) if is_valid(pesel) else None


def masked(pesel: str) -> str:
    """As the portal shows it: the first two digits and the last one, ``99********1``."""
    return f"{pesel[:2]}{'*' * (len(pesel) - 3)}{pesel[-1]}" if len(pesel) > 3 else "*" * len(pesel)


def _date(pesel: str) -> date | None:
    year, month, day = int(pesel[:2]), int(pesel[2:4]), int(pesel[4:6])
    century = month // 20 * 20
    try:
        return date(_CENTURIES[century] + year, month - century, day)
    except (KeyError, ValueError):
        return None
