"""CSV that goes out runs in no spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from portal.csv_out import write_csv


def written(*cells: object) -> list[str]:
    out = io.StringIO()
    write_csv(out, ["a"] * len(cells), [cells])
    return list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "＝"])
def test_a_formula_is_made_plain_text(start: str) -> None:
    assert written(f"{start}cmd()") == [f"'{start}cmd()"]


def test_everything_else_is_left_as_it_is() -> None:
    assert written("Żółć, „a”;\n2", "100001", 7, None, "a=b") == ["Żółć, „a”;\n2", "100001", "7", "", "a=b"]


def test_the_header_is_guarded_too() -> None:
    out = io.StringIO()
    write_csv(out, ["=1+1"], [])
    assert out.getvalue() == "'=1+1\r\n"
