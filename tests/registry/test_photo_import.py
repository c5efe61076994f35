"""Photos of an import: whose they become, and what is said of those that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal.database import db
from portal.registry.models import Photo
from tests.registry.conftest import Run
from tests.registry.table import row, write_csv
from tests.support.people import make_jpeg


def kept(app: Flask) -> list[bytes]:
    with app.app_context():
        return list(db.session.scalars(select(Photo.jpeg).order_by(Photo.id)))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "photos"
    path.mkdir()
    (path / "one.jpg").write_bytes(make_jpeg())
    (path / "two.jpg").write_bytes(make_jpeg(colour="#335511"))
    (path / "page.jpg").write_bytes(b"<html>")
    return path


def test_photos_come_in_with_their_people(
    app: Flask, import_file: Run, tmp_path: Path, directory: Path
) -> None:
    file = write_csv(tmp_path, row(1, photo="one.jpg"), row(2, photo="two.jpg"), row(3))
    assert import_file(file, "--photos", directory).exit_code == 0
    assert len(kept(app)) == 2


def test_an_unchanged_photo_is_left_alone_and_a_new_one_replaces_it(
    app: Flask, import_file: Run, tmp_path: Path, directory: Path
) -> None:
    file = write_csv(tmp_path, row(1, photo="one.jpg"))
    import_file(file, "--photos", directory)
    first = kept(app)
    assert "0 changed, 1 unchanged" in import_file(file, "--photos", directory).output
    (directory / "one.jpg").write_bytes(make_jpeg(colour="#113355"))
    assert "1 changed, 0 unchanged" in import_file(file, "--photos", directory).output
    assert len(kept(app)) == 1
    assert kept(app) != first


def test_a_refused_photo_is_named_and_its_person_imported_with_the_old_one(
    app: Flask, import_file: Run, flask_command: Run, tmp_path: Path, directory: Path
) -> None:
    import_file(write_csv(tmp_path, row(1, photo="one.jpg")), "--photos", directory)
    before = kept(app)
    file = write_csv(tmp_path, row(1, photo="page.jpg", surname="Nowa"))
    result = import_file(file, "--photos", directory)
    assert result.exit_code == 1
    assert "line 2, column photo: page.jpg: not a readable JPEG or PNG picture" in result.output
    assert "1 changed" in result.output
    assert "Photos refused: 1." in result.output
    assert kept(app) == before
    assert "Nowa" in flask_command("registry", "show", "200001").output


def test_bad_names_and_missing_files_are_named(import_file: Run, tmp_path: Path, directory: Path) -> None:
    file = write_csv(tmp_path, row(1, photo="../one.jpg"), row(2, photo="none.jpg"))
    said = import_file(file, "--photos", directory, "--dry-run").output
    assert "line 2, column photo: ../one.jpg: not a plain name" in said
    assert "line 3, column photo: none.jpg: there is no such file" in said


def test_one_face_for_two_people_is_refused(
    app: Flask, import_file: Run, tmp_path: Path, directory: Path
) -> None:
    file = write_csv(tmp_path, row(1, photo="one.jpg"), row(2, photo="one.jpg"))
    said = import_file(file, "--photos", directory).output
    assert said.count("the same file stands at more than one person") == 2
    assert kept(app) == []


def test_a_photo_that_usos_has_no_more_goes(
    app: Flask, import_file: Run, tmp_path: Path, directory: Path
) -> None:
    import_file(write_csv(tmp_path, row(1, photo="one.jpg")), "--photos", directory)
    assert "1 changed" in import_file(write_csv(tmp_path, row(1)), "--photos", directory).output
    assert kept(app) == []


def test_without_the_option_photos_stay_as_they_are(
    app: Flask, import_file: Run, tmp_path: Path, directory: Path
) -> None:
    file = write_csv(tmp_path, row(1, photo="one.jpg"))
    import_file(file, "--photos", directory)
    assert "left alone, since --photos was not given" in import_file(file).output
    assert "1 unchanged" in import_file(write_csv(tmp_path, row(1))).output
    assert len(kept(app)) == 1


def test_photos_need_their_column(import_file: Run, tmp_path: Path, directory: Path) -> None:
    without = {name: cell for name, cell in row().items() if name != "photo"}
    result = import_file(write_csv(tmp_path, without), "--photos", directory)
    assert (result.exit_code, "no column “photo”" in result.output) == (1, True)
