"""Writes students.csv for tests: rows are dicts, and what a row leaves out comes from somebody sound."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.support.people import make_pesel

SOUND = {
    "usos_id": "5001",
    "album_number": "200001",
    "given_names": "Żaneta",
    "surname": "Łąkowska",
    "birth_date": "2004-05-17",
    "pesel": make_pesel(),
    "student_status": "active",
    "programme_code": "INF-1",
    "programme_name": "Informatyka",
    "faculty": "Wydział Informatyki",
    "study_level": "first_cycle",
    "programme_active": "yes",
    "graduated_on": "",
    "els_number": "ELS5001",
    "els_issued_on": "2025-10-01",
    "els_valid_until": "2027-03-31",
    "els_given_names": "",
    "els_surname": "",
    "els_pesel": "",
    "photo": "",
}


def row(number: int = 1, **changes: str) -> dict[str, str]:
    """Somebody sound, told apart from others by `number`."""
    own = {"usos_id": f"{5000 + number}", "album_number": f"{200000 + number}", "els_number": f"ELS{number}"}
    return SOUND | own | changes


def text(*rows: dict[str, str], delimiter: str = ",", line_end: str = "\r\n") -> str:
    out = io.StringIO()
    columns = list(dict.fromkeys(name for one in rows for name in one)) or list(SOUND)
    writer = csv.DictWriter(out, columns, delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_csv(directory: Path, *rows: dict[str, str], encoding: str = "utf-8", **form: str) -> Path:
    path = directory / "students.csv"
    path.write_bytes(text(*rows, **form).encode(encoding))
    return path
