"""What an import says: each problem with its place, and the counts at the end.

Nothing here repeats a cell: a PESEL may stand in any of them when columns have slipped. File names and column
names are repeated, but through `shown`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from flask_babel import gettext as _

ALWAYS_ALLOWED = 5
"""So many cards may end unasked in any university: in a small one each of them is a large share."""
_LONGEST_SHOWN = 60
_PESEL_LIKE = re.compile(r"\d{11}")


class FileRefused(Exception):
    """The file cannot be read as a table of people; nothing was written. The text says why, translated."""


@dataclass(frozen=True, order=True)
class Problem:
    """Why a row or a photo was refused. `line` counts from 1, the header's; `why` is translated."""

    line: int
    column: str
    """As the file's own header calls it; empty where the whole row is meant."""
    why: str

    def __str__(self) -> str:
        if self.column:
            return str(_("line %(line)d, column %(column)s: %(why)s", **vars(self)))
        return str(_("line %(line)d: %(why)s", line=self.line, why=self.why))


@dataclass(frozen=True)
class Forecast:
    """How many live cards and orders an import would end, and how many there are."""

    ended: int
    live: int

    def is_mass(self, percent: int) -> bool:
        """Whether that is so much that somebody should say that the file is right.

        It is where more than `percent` of all live cards and orders would end, and more than
        `ALWAYS_ALLOWED`; but 0 percent means that each single one has to be asked for.
        """
        floor = ALWAYS_ALLOWED if percent else 0
        return self.ended > floor and self.ended * 100 > percent * self.live


class MassRevocation(Exception):
    """The import would end more cards than it may unasked; nothing was written."""

    def __init__(self, forecast: Forecast) -> None:
        super().__init__("mass revocation")
        self.forecast = forecast


@dataclass
class Report:
    """Counts are of people, but `rows`, `photos_refused` and `ended`."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    photos_refused: int = 0
    ended: int = 0
    """Live cards and orders that the import has ended, or would end."""
    would_stop: Forecast | None = None
    """A dry run: the import would end so many cards that it asks first."""
    photos_ignored: bool = False
    """The file names photos, but no directory was given to read them from."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def counts(self) -> str:
        """For the audit: words and numbers only."""
        return (
            f"new={self.new} changed={self.changed} unchanged={self.unchanged} "
            f"refused={self.refused} photos_refused={self.photos_refused} revoked={self.ended}"
        )


def shown(text: str) -> str:
    """A name from outside, fit for a terminal: no control characters, not long, nothing like a PESEL."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    printable = _PESEL_LIKE.sub("*" * 11, printable)
    return printable if len(printable) <= _LONGEST_SHOWN else f"{printable[:_LONGEST_SHOWN]}…"
