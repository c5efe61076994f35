"""`flask registry import`: what a sound file does to the registry."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select

from portal.audit import AuditRecord
from portal.database import db
from portal.registry.models import Student
from portal.registry.records import PersonalData, StudentRecord, student_record
from tests.conftest import MovingClock
from tests.registry.conftest import Run
from tests.registry.table import row, text, write_csv


def record(app: Flask, usos_id: str = "5001") -> StudentRecord:
    with app.app_context():
        key = db.session.scalars(select(Student.id).where(Student.usos_id == usos_id)).one()
        return student_record(db.session(), key)


def updated_at(app: Flask) -> object:
    with app.app_context():
        return db.session.scalars(select(Student.updated_at)).one()


def count(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Student.id)).all())


def test_a_row_becomes_a_student_with_programme_and_card(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    result = import_file(write_csv(tmp_path, row(birth_date="2004-05-17")))
    assert "1 row read. People: 1 new, 0 changed, 0 unchanged, 0 refused." in result.output
    student = record(app)
    assert (student.full_name, student.album_number) == ("Żaneta Łąkowska", "200001")
    assert student.birth_date == date(2004, 5, 17)
    assert [programme.name for programme in student.programmes] == ["Informatyka"]
    assert student.els is not None
    assert student.els.valid_until == date(2027, 3, 31)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("form", [*product(",;", ("\n", "\r\n", "\r"))])
def test_any_usual_form_of_csv_is_read(
    app: Flask, import_file: Run, tmp_path: Path, encoding: str, form: tuple[str, str]
) -> None:
    rows = row(faculty='Wydział "Nowy"; Mechaniczny, Lotniczy'), row(2)
    file = write_csv(tmp_path, *rows, encoding=encoding, delimiter=form[0], line_end=form[1])
    assert import_file(file).exit_code == 0
    assert record(app).programmes[0].faculty == 'Wydział "Nowy"; Mechaniczny, Lotniczy'


def test_polish_names_of_columns_and_words_are_understood(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    english = row(student_status="aktywny", study_level="Drugiego stopnia", programme_active="TAK")
    polish = {"album_number": "Nr albumu", "surname": "NAZWISKO", "faculty": "Wydział", "photo": "zdjęcie"}
    import_file(write_csv(tmp_path, {polish.get(name, name): cell for name, cell in english.items()}))
    student = record(app)
    assert (student.status, student.programmes[0].level) == ("active", "second_cycle")
    assert student.programmes[0].active


def test_leading_zeros_of_an_album_number_stay(app: Flask, import_file: Run, tmp_path: Path) -> None:
    import_file(write_csv(tmp_path, row(album_number="000123")))
    assert record(app).album_number == "000123"


def test_repeating_an_import_changes_nothing(
    app: Flask, import_file: Run, tmp_path: Path, clock: MovingClock
) -> None:
    file = write_csv(tmp_path, row())
    import_file(file)
    before, at = record(app), updated_at(app)
    clock.move(days=1)
    assert "0 new, 0 changed, 1 unchanged, 0 refused" in import_file(file).output
    assert (record(app), updated_at(app)) == (before, at)


@pytest.mark.parametrize(
    "change",
    [
        {"surname": "Polna"},
        {"pesel": ""},
        {"els_valid_until": "2027-10-31"},
        {"programme_active": "no"},
        {"programme_code": "INF-2"},
        {"els_number": "ELS77"},
        {"album_number": ""},
    ],
)
def test_a_change_in_any_place_is_written_and_dated(
    app: Flask, import_file: Run, tmp_path: Path, clock: MovingClock, change: dict[str, str]
) -> None:
    import_file(write_csv(tmp_path, row()))
    at = updated_at(app)
    clock.move(days=1)
    assert "0 new, 1 changed, 0 unchanged" in import_file(write_csv(tmp_path, row(**change))).output
    assert updated_at(app) != at
    assert "0 new, 0 changed, 1 unchanged" in import_file(write_csv(tmp_path, row(**change))).output


def test_a_person_may_have_several_programmes_and_cards(app: Flask, import_file: Run, tmp_path: Path) -> None:
    old = {"els_number": "ELS-OLD", "els_issued_on": "2023-10-01", "els_valid_until": "2024-03-31"}
    file = write_csv(
        tmp_path, row(), row(2), row(programme_code="ZAR-1", programme_name="Zarządzanie"), row(**old)
    )
    assert "People: 2 new" in import_file(file).output
    student = record(app)
    assert {programme.name for programme in student.programmes} == {"Informatyka", "Zarządzanie"}
    assert student.els is not None
    assert student.els.card_number == "ELS1"


def test_programmes_and_cards_that_the_file_names_no_more_go(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row(), row(programme_code="ZAR-1", els_number="ELS-NEW")))
    empty = dict.fromkeys((name for name in row() if name.startswith("els_")), "")
    import_file(write_csv(tmp_path, row(**empty)))
    student = record(app)
    assert (len(student.programmes), student.els) == (1, None)


def test_people_who_are_not_in_the_file_stay_as_they_are(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row(1), row(2)))
    before = record(app, "5002")
    import_file(write_csv(tmp_path, row(1, surname="Inna")))
    assert record(app, "5002") == before


def test_the_snapshot_is_taken_when_a_card_is_first_seen_and_then_kept(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row(surname="Polna")))
    import_file(write_csv(tmp_path, row(surname="Leśna", els_valid_until="2027-10-31")))
    els = record(app).els
    assert els is not None
    assert (els.snapshot.surname, els.valid_until) == ("Polna", date(2027, 10, 31))


def test_a_snapshot_in_the_file_counts_and_stays_when_the_file_leaves_it_out_later(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row(els_given_names="Ewa", els_surname="Dawna", els_pesel="")))
    import_file(write_csv(tmp_path, row()))
    els = record(app).els
    assert els is not None
    assert els.snapshot == PersonalData("Ewa", "Dawna", None)


def test_letters_are_composed_and_spaces_single(app: Flask, import_file: Run, tmp_path: Path) -> None:
    import_file(write_csv(tmp_path, row(given_names="  Z\u0307aneta \u00a0 Ola ")))
    assert record(app).personal.given_names == "Żaneta Ola"


def test_an_album_number_passes_to_another_person_and_two_may_swap(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    import_file(write_csv(tmp_path, row(1), row(2)))
    swapped = write_csv(
        tmp_path,
        row(1, album_number="200002", els_number="ELS2"),
        row(2, album_number="200001", els_number="ELS1"),
    )
    assert import_file(swapped).exit_code == 0
    assert (record(app, "5001").album_number, record(app, "5002").album_number) == ("200002", "200001")


def test_a_dry_run_says_the_same_and_writes_nothing(app: Flask, import_file: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path, row(1), row(2, birth_date="wczoraj"))
    dry = import_file(file, "--dry-run")
    assert count(app) == 0
    wet = import_file(file)
    assert dry.output == wet.output + "This was a dry run: nothing was written.\n"
    assert (dry.exit_code, wet.exit_code) == (1, 1)


def test_the_audit_tells_the_counts_and_no_names(app: Flask, import_file: Run, tmp_path: Path) -> None:
    import_file(write_csv(tmp_path, row(1), row(2, surname="")))
    with app.app_context():
        trail = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    assert [(entry.event, entry.actor) for entry in trail] == [("registry_imported", "command line")] * 2
    assert trail[0].detail == "begun"
    assert trail[1].detail == "new=1 changed=0 unchanged=0 refused=1 photos_refused=0 revoked=0"


def test_more_people_take_no_more_statements_within_a_batch(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *what: statements.append(what[2]))
    import_file(write_csv(tmp_path, *(row(number) for number in range(10))))
    few = len(statements)
    statements.clear()
    import_file(write_csv(tmp_path, *(row(number) for number in range(100, 250))))
    assert len(statements) == few


def test_a_bar_is_drawn_only_for_somebody_who_watches(import_file: Run, tmp_path: Path) -> None:
    assert "Importing" not in import_file(write_csv(tmp_path, row())).output


def test_an_empty_file_changes_nothing_and_says_so(import_file: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    result = import_file(tmp_path / "empty.csv")
    assert (result.exit_code, result.output) == (1, "Error: The file is empty.\n")


def test_a_header_alone_is_no_import(import_file: Run, tmp_path: Path) -> None:
    result = import_file(write_csv(tmp_path))
    assert (result.exit_code, result.output) == (1, "Error: The file holds a header but no people.\n")


def test_blank_lines_and_lines_of_empty_cells_are_passed_over(import_file: Run, tmp_path: Path) -> None:
    file = tmp_path / "students.csv"
    file.write_text(text(row()) + "\r\n" + "," * 19 + "\r\n", encoding="utf-8")
    assert "1 row read. People: 1 new" in import_file(file).output
