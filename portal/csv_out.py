"""CSV that goes out: UTF-8, and no cell that a spreadsheet would run (CWE-1236)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(cell: object) -> str:
    """The cell's text; with an apostrophe before it where a spreadsheet would take it for a formula.

    What comes after leading spaces counts too, since some programs drop them.
    """
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RUNS) or text.lstrip(" ").startswith(_RUNS) else text


def write_csv(file: TextIO, header: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    """Write a header and rows with every cell made `neutral`; lines end with CR LF (RFC 4180)."""
    writer = csv.writer(file)
    writer.writerow([neutral(cell) for cell in header])
    writer.writerows([neutral(cell) for cell in row] for row in rows)
