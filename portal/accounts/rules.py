"""Which passwords are refused, after NIST SP 800-63B (5.1.1.2): short, common, or made of the owner's data.

There are no rules on what characters to mix: they make passwords worse.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from flask_babel import gettext as _

SHORTEST = 10
LONGEST = 200
LEFT_AT_LEAST = 4
"""Characters that must be left of a password once known words are taken out of it."""

COMMON_WORDS = (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8").split()
"""What common passwords here are built of."""


def objection(password: str, personal: Iterable[str]) -> str | None:
    """What is wrong with a password, in the user's language, or None.

    `personal` are the owner's names and number.
    """
    if len(password) < SHORTEST:
        return str(_("Use at least %(number)s characters.", number=SHORTEST))
    if len(password) > LONGEST:
        return str(_("Use at most %(number)s characters.", number=LONGEST))
    folded = password.casefold()
    if len(_without(folded, personal)) < LEFT_AT_LEAST:
        return str(_("This password is made of your name or number. Choose another one."))
    if _is_plain(folded) or len(_without(folded, COMMON_WORDS)) < LEFT_AT_LEAST:
        return str(_("This password is too common. Choose another one, for example a few unrelated words."))
    return None


def _without(folded: str, words: Iterable[str]) -> str:
    pieces = {piece for word in words for piece in word.casefold().split() if len(piece) >= 3}
    for piece in sorted(pieces, key=len, reverse=True):
        folded = folded.replace(piece, "")
    return folded


def _is_plain(folded: str) -> bool:
    """A few characters again and again, or the alphabet or the digits in their order."""
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    return len(set(folded)) < LEFT_AT_LEAST or (len(steps) == 1 and bool(steps & {1, -1}))
