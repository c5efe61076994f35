"""`flask registry import`: bad files, bad rows, and what is said about them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db
from portal.registry import conflicts
from portal.registry.models import Student
from portal.registry.people import Person
from tests.registry.conftest import Run
from tests.registry.table import row, text, write_csv
from tests.support.refusing import refusing

MADE_UP_PESEL = "44051401458"


def usos_ids(app: Flask) -> set[str]:
    with app.app_context():
        return set(db.session.scalars(select(Student.usos_id)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"birth_date": "17.05.2004"}, "birth_date: not a date like 2027-03-31"),
        ({"birth_date": "20040517"}, "birth_date: not a date"),
        ({"birth_date": "2004-02-30"}, "birth_date: not a date"),
        ({"birth_date": "2030-01-01"}, "birth_date: in the future"),
        ({"usos_id": ""}, "usos_id: empty"),
        ({"given_names": " "}, "given_names: empty"),
        ({"surname": "x" * 101}, "surname: longer than 100 characters"),
        ({"surname": "Zła\x1b[31m"}, "surname: there is an invisible or control character"),
        ({"surname": "Zła\u202eagol"}, "surname: there is an invisible or control character"),
        ({"given_names": "dwa\nwiersze"}, "given_names: there is an invisible or control character"),
        ({"pesel": "0525050002512"}, "pesel: longer than 11 characters"),
        ({"album_number": "1,00E+05"}, "album_number: only letters, digits and . _ / - may stand here"),
        ({"student_status": "maybe"}, "student_status: must be one of: active, aktywny"),
        ({"study_level": "phd"}, "study_level: must be one of: first_cycle"),
        ({"programme_active": ""}, "programme_active: empty"),
        ({"programme_code": ""}, "programme_code: empty, but programme_name is filled in"),
        ({"els_number": ""}, "els_number: empty, but els_issued_on is filled in"),
        ({"els_issued_on": ""}, "els_issued_on: empty"),
        ({"els_valid_until": "2025-09-30"}, "els_valid_until: earlier than els_issued_on"),
        ({"els_given_names": "Ewa"}, "els_surname: empty, but els_given_names is filled in"),
        ({"els_pesel": "05250500025"}, "els_surname: empty, but els_pesel is filled in"),
    ],
)
def test_a_bad_cell_is_named_and_the_good_rows_are_kept(
    app: Flask, import_file: Run, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    result = import_file(write_csv(tmp_path, row(1), row(2) | change, row(3)))
    assert f"line 3, column {said}" in result.output
    assert "2 new, 0 changed, 0 unchanged, 1 refused" in result.output
    assert result.exit_code == 1
    assert usos_ids(app) == {"5001", "5003"}


def test_every_problem_of_a_row_is_named_at_once(import_file: Run, tmp_path: Path) -> None:
    result = import_file(write_csv(tmp_path, row(surname="", birth_date="x", student_status="x")))
    assert result.output.count("line 2, column") == 3


def test_an_invalid_pesel_is_no_reason_to_refuse_a_row(app: Flask, import_file: Run, tmp_path: Path) -> None:
    assert import_file(write_csv(tmp_path, row(1, pesel="12345678901"), row(2, pesel=""))).exit_code == 0
    assert len(usos_ids(app)) == 2


def test_messages_are_in_polish_unless_asked_otherwise(flask_command: Run, tmp_path: Path) -> None:
    result = flask_command("registry", "import", write_csv(tmp_path, row(surname="")))
    assert "wiersz 2, kolumna surname: puste pole" in result.output
    assert "odrzucone 1." in result.output


def test_a_column_is_called_as_the_file_calls_it(import_file: Run, tmp_path: Path) -> None:
    cells = {("Nazwisko" if name == "surname" else name): cell for name, cell in row(surname="").items()}
    assert "line 2, column Nazwisko: empty" in import_file(write_csv(tmp_path, cells)).output


def test_lines_are_counted_as_an_editor_counts_them(import_file: Run, tmp_path: Path) -> None:
    two_lines = row(1, faculty="Wydział\nInformatyki")
    result = import_file(write_csv(tmp_path, two_lines, row(2, surname="")))
    assert "line 2, column faculty" in result.output
    assert "line 4, column surname" in result.output


def test_one_bad_row_keeps_the_whole_person_out(app: Flask, import_file: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path, row(1), row(2), row(1, programme_code="ZAR-1", study_level="?"))
    result = import_file(file)
    assert "line 2: left out, since line 4 of the same person is refused" in result.output
    assert usos_ids(app) == {"5002"}


def test_a_person_already_known_keeps_everything_when_a_row_is_refused(
    import_file: Run, flask_command: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row()))
    before = flask_command("registry", "show", "200001").output
    import_file(write_csv(tmp_path, row(surname="Inna"), row(surname="Inna", faculty="")))
    assert flask_command("registry", "show", "200001").output == before


def test_rows_of_one_person_must_agree(app: Flask, import_file: Run, tmp_path: Path) -> None:
    result = import_file(write_csv(tmp_path, row(), row(surname="Inna"), row(faculty="Inny")))
    assert "line 3, column surname: not as in line 2 of the same person" in result.output
    assert "line 4, column programme_code: line 2 says something else about it" in result.output
    assert usos_ids(app) == set()


@pytest.mark.parametrize("column", ["album_number", "els_number"])
def test_two_people_with_one_number_are_both_refused(
    app: Flask, import_file: Run, tmp_path: Path, column: str
) -> None:
    result = import_file(write_csv(tmp_path, row(1, **{column: "7"}), row(2, **{column: "7"}), row(3)))
    assert f"line 2, column {column}: another person has the same in line 3" in result.output
    assert f"line 3, column {column}: another person has the same in line 2" in result.output
    assert usos_ids(app) == {"5003"}


def test_a_row_without_identifier_still_spoils_its_album_number(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    result = import_file(write_csv(tmp_path, row(1), row(1, usos_id="", els_number="ELS9")))
    assert "line 2, column album_number: another person has the same in line 3" in result.output
    assert usos_ids(app) == set()


@pytest.mark.parametrize("column", ["album_number", "els_number"])
def test_a_number_of_somebody_else_in_the_registry_is_refused(
    import_file: Run, tmp_path: Path, column: str
) -> None:
    import_file(write_csv(tmp_path, row(1)))
    result = import_file(write_csv(tmp_path, row(2) | {column: row(1)[column]}))
    assert f"line 2, column {column}: another person in the registry has it" in result.output
    assert "0 new, 0 changed, 0 unchanged, 1 refused" in result.output


def test_a_chain_of_numbers_breaks_where_its_end_is_refused(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row(1), row(2), row(3)))
    chain = write_csv(tmp_path, row(1, album_number="200002"), row(2, album_number="200003"))
    result = import_file(chain)
    assert "line 2, column album_number" in result.output
    assert "line 3, column album_number" in result.output
    assert "0 changed, 0 unchanged, 2 refused" in result.output


def test_a_row_of_another_length_is_named(app: Flask, import_file: Run, tmp_path: Path) -> None:
    file = tmp_path / "students.csv"
    file.write_text(text(row(1), row(2)) + "5003,200003,Ewa\r\n", encoding="utf-8")
    assert "line 4: not as many cells as the header has" in import_file(file).output
    assert usos_ids(app) == {"5001", "5002"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            text(row(surname="Żółć")).encode("cp1250"),
            "Line 2 is not in UTF-8. The file is probably in Windows-1250",
        ),
        (text(row()).encode("utf-16"), "The file is in UTF-16"),
        (text(row()).encode().replace(b"Inf", b"I\0f"), "Line 2 holds a NUL byte"),
        (text(row()).encode().replace(b",active,", b',"act"ive,', 1), "From line 2 on the quotation marks"),
        (text(row()).encode() + b'"5002,', "From line 3 on the quotation marks"),
        (b"\xef\xbb\xbf \r\n", "The file is empty."),
        (b"5001,200001,Ewa\n", "The first line must hold the names of the columns"),
        (
            text(row()).encode().replace(b"surname", b"shoe_size", 1),
            "Unknown columns: shoe_size.\nMissing columns: surname.",
        ),
        (
            text(row()).encode().replace(b"surname", b"imiona", 1),
            "Columns that stand there twice: given_names.",
        ),
    ],
)
def test_a_file_that_is_no_table_of_people_is_refused_whole(
    app: Flask, import_file: Run, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "students.csv"
    file.write_bytes(content)
    result = import_file(file)
    assert result.exit_code == 1
    assert said in result.output
    assert usos_ids(app) == set()


def test_no_message_repeats_a_pesel(import_file: Run, tmp_path: Path) -> None:
    slipped = dict.fromkeys(row(), MADE_UP_PESEL)
    first_line = text(row()).replace("surname", MADE_UP_PESEL, 1)
    (tmp_path / "header.csv").write_text(first_line, encoding="utf-8")
    said = import_file(write_csv(tmp_path, slipped, slipped | {"usos_id": "1"}), "--photos", tmp_path).output
    said += import_file(tmp_path / "header.csv").output
    assert "line 2, column" in said
    assert MADE_UP_PESEL not in said


def test_a_locked_database_is_told_without_what_was_to_be_written(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    with app.app_context(), refusing("INSERT", "students"):
        result = import_file(write_csv(tmp_path, row()))
    assert result.exit_code == 1
    assert "Run it again" in result.output
    assert "Łąkowska" not in result.output


def test_a_slipped_column_is_looked_through_once(
    import_file: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody wants the number of the next one, and the last one keeps it: a chain of refusals."""
    looks: list[str] = []
    taken = conflicts._taken

    def counted(person: Person, albums: conflicts.Owners, cards: conflicts.Owners) -> object:
        looks.append(person.usos_id)
        return taken(person, albums, cards)

    import_file(write_csv(tmp_path, *(row(number) for number in range(30))))
    monkeypatch.setattr(conflicts, "_taken", counted)
    slipped = [row(number, album_number=f"{200001 + number}") for number in range(29)]
    result = import_file(write_csv(tmp_path, *slipped))
    assert "29 refused" in result.output
    assert len(looks) == 29
