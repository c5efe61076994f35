"""`flask registry show`: a student for the administrator's eyes, the PESEL masked."""

from __future__ import annotations

from flask import Flask

from tests.registry.conftest import Run
from tests.support.people import make_student


def test_it_shows_a_student_without_the_pesel(app: Flask, flask_command: Run) -> None:
    make_student(app, pesel="99010112341")
    said = flask_command("registry", "show", "100001").output
    assert "Imię i nazwisko: Anna Maria Źródlana" in said
    assert "PESEL: 99********1" in said
    assert "99010112341" not in said
    assert "ELS ważna do: 31 marca 2027" in said


def test_it_says_what_is_missing(app: Flask, flask_command: Run) -> None:
    make_student(app, pesel=None, els=False, photo=False, programme=False, birth_date=None)
    said = flask_command("registry", "show", "100001", "--language", "en").output
    assert "PESEL: –" in said
    assert "Photo: no" in said
    assert "ELS: –" in said


def test_it_says_when_data_changed_since_the_card(app: Flask, flask_command: Run) -> None:
    make_student(app, els_surname="Dawna")
    said = flask_command("registry", "show", "100001", "--language", "en").output
    assert "Data unchanged since the ELS: no" in said


def test_an_unknown_album_number_is_an_error(flask_command: Run) -> None:
    result = flask_command("registry", "show", "404")
    assert (result.exit_code, "Nikt w rejestrze" in result.output) == (1, True)
