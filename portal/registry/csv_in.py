"""CSV that comes in: from bytes to lines of cells under known column names.

UTF-8 with or without BOM; comma or semicolon, whichever the first line has more of; quoted fields; any
line ends.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flask_babel import gettext as _

from portal.registry.report import FileRefused, shown

MAX_BYTES = 100_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class _Rows(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True)
class Column:
    """A column by its name, or by its Polish name. An optional one need not be in the file."""

    name: str
    polish: str
    optional: bool = False


@dataclass(frozen=True)
class Line:
    number: int
    """The first line of the row in the file, counted from 1."""
    cells: Mapping[str, str]
    complete: bool
    """As many cells as the header has; otherwise `cells` holds what is there."""


class Table:
    """The rows of a file and what its header calls the columns."""

    def __init__(self, labels: Mapping[str, str], rows: _Rows) -> None:
        self.labels = labels
        self._rows = rows

    def __contains__(self, column: str) -> bool:
        return column in self.labels

    def lines(self) -> Iterator[Line]:
        """Every row that isn't blank. Raises `FileRefused` where quotes are broken."""
        names = list(self.labels)
        before = self._rows.line_num
        while (cells := _next(self._rows)) is not None:
            number, before = before + 1, self._rows.line_num
            if any(cell.strip() for cell in cells):
                yield Line(number, dict(zip(names, cells, strict=False)), len(cells) == len(names))


def read(path: Path, columns: Sequence[Column]) -> Table:
    """The table in this file. Raises `FileRefused` where there is none, with what to do about it."""
    text = _text(path)
    first = text.lstrip("\r\n").splitlines()[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return Table(_labels(_next(rows) or [], columns), rows)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileRefused(
            _("The file %(name)s cannot be read: %(why)s.", name=shown(path.name), why=error.strerror)
        ) from error
    if len(data) > MAX_BYTES:
        raise FileRefused(_("The file is larger than %(limit)d MB.", limit=MAX_BYTES // 1_000_000))
    if data.startswith(_UTF16):
        raise FileRefused(_("The file is in UTF-16 (“Unicode text”). Save it as “CSV UTF-8”."))
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise FileRefused(_("Line %(line)d holds a NUL byte, so this is no CSV file.", line=line))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileRefused(
            _(
                "Line %(line)d is not in UTF-8. The file is probably in Windows-1250 (cp1250), as Excel "
                "writes it under “CSV”: save it as “CSV UTF-8”.",
                line=line,
            )
        ) from error
    if not text.strip():
        raise FileRefused(_("The file is empty."))
    return text


def _next(rows: _Rows) -> list[str] | None:
    before = rows.line_num
    try:
        return next(rows, None)
    except csv.Error as error:
        raise FileRefused(
            _("From line %(line)d on the quotation marks don't fit together.", line=before + 1)
        ) from error


def _plain(name: str) -> str:
    """Lower case, without Polish marks, words joined: „Nr albumu” and ``nr_albumu`` are one column."""
    letters = unicodedata.normalize("NFKD", name.strip().lower().replace("ł", "l"))
    return "_".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def _labels(cells: list[str], columns: Sequence[Column]) -> dict[str, str]:
    """Column names in the file's order, with what the file calls them. Raises `FileRefused`."""
    names = {column.name: column.name for column in columns} | {c.polish: c.name for c in columns}
    if not any(_plain(cell) in names for cell in cells):
        raise FileRefused(
            _("The first line must hold the names of the columns, with commas or semicolons between.")
        )
    unknown = [shown(cell) or "∅" for cell in cells if _plain(cell) not in names]
    found = [names[_plain(cell)] for cell in cells if _plain(cell) in names]
    twice = [name for name in dict.fromkeys(found) if found.count(name) > 1]
    missing = [column.name for column in columns if not column.optional and column.name not in found]
    problems = [
        sentence
        for names_here, sentence in (
            (unknown, _("Unknown columns: %(names)s.", names=", ".join(unknown))),
            (twice, _("Columns that stand there twice: %(names)s.", names=", ".join(twice))),
            (missing, _("Missing columns: %(names)s.", names=", ".join(missing))),
        )
        if names_here
    ]
    if problems:
        raise FileRefused("\n".join(problems))
    return dict(zip(found, (shown(cell.strip()) for cell in cells), strict=True))
