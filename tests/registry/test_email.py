"""Students' e-mail addresses: how they come in, and that nobody reads them who needn't."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.database import db
from portal.registry.records import student_email
from tests.registry.conftest import Run
from tests.registry.office import Office, row

ADDRESS = "zaneta.lakowska@example.org"


def email(office: Office, number: int = 1) -> str | None:
    key = office.key(number)
    with office.app.app_context():
        return student_email(db.session(), key)


def test_it_comes_with_the_file_and_is_kept_encrypted(office: Office) -> None:
    assert office.bring(row(email=f" {ADDRESS} ")).exit_code == 0
    assert email(office) == ADDRESS
    assert "lakowska@" not in "".join(office.dump())


def test_a_file_without_the_column_leaves_the_address(office: Office) -> None:
    office.bring(row(email=ADDRESS))
    assert "1 unchanged" in office.bring(row()).output
    office.bring(row(faculty="Wydział Mechaniczny"))
    assert email(office) == ADDRESS


def test_an_empty_cell_takes_the_address_away(office: Office) -> None:
    office.bring(row(email=ADDRESS))
    assert "1 changed" in office.bring(row(email="")).output
    assert email(office) is None


def test_another_address_is_a_change(office: Office) -> None:
    office.bring(row(email=ADDRESS))
    assert "1 changed" in office.bring(row(email="ewa@example.org")).output
    assert email(office) == "ewa@example.org"


def test_the_column_may_be_called_as_people_write_it(office: Office) -> None:
    office.bring(row() | {"E-mail": ADDRESS})
    assert email(office) == ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "a@b.pl",
        "o'neil+studia@poczta.example.org",
        "100001@student.xn--prba-6qa.pl",
        "x" * 64 + "@" + "y" * 63 + ".example.org",
    ],
)
def test_addresses_that_exist_are_taken(office: Office, address: str) -> None:
    assert office.bring(row(email=address)).exit_code == 0
    assert email(office) == address


@pytest.mark.parametrize(
    "address",
    [
        "anna",
        "anna@",
        "@example.org",
        "anna@localhost",
        "anna@example..org",
        "anna@-example.org",
        "anna@192.0.2.1",
        "anna.@example.org",
        "anna smith@example.org",
        "Anna <anna@example.org>",
        "a@example.org, b@example.org",
        "a@example.org;b@example.org",
        "a@b@example.org",
        "żaneta@example.org",
        "anna@próba.pl",
        "x" * 65 + "@example.org",
    ],
)
def test_anything_but_one_address_is_refused_without_repeating_it(office: Office, address: str) -> None:
    result = office.bring(row(1, email=address), row(2, email=ADDRESS))
    assert "line 2, column email: not one e-mail address like anna@example.org" in result.output
    assert "1 new, 0 changed, 0 unchanged, 1 refused" in result.output
    assert address not in result.output.replace("anna@example.org", "")


def test_an_address_may_have_254_characters(office: Office) -> None:
    longest = "x" * 60 + "@" + "y" * 63 + "." + "z" * 63 + "." + "w" * 62 + ".pl"
    assert len(longest) == 254
    assert office.bring(row(email=longest)).exit_code == 0
    result = office.bring(row(email="x" + longest))
    assert "column email: longer than 254 characters" in result.output


def test_the_refusal_speaks_polish(office: Office) -> None:
    result = office.bring(row(email="anna"), language="pl")
    assert "kolumna email: to nie jest jeden adres e-mail w postaci anna@example.org" in result.output


def test_two_rows_of_a_person_must_agree(office: Office) -> None:
    result = office.bring(row(email=ADDRESS), row(email="ewa@example.org", programme_code="ZAR-1"))
    assert "line 3, column email: not as in line 2 of the same person" in result.output


def test_show_masks_it(office: Office, app: Flask, flask_command: Run) -> None:
    office.bring(row(1, email=ADDRESS), row(2, email=""))
    assert "E-mail: z***@example.org" in flask_command("registry", "show", "200001").output
    assert "E-mail: –" in flask_command("registry", "show", "200002").output


def test_of_nobody_there_is_no_address(app: Flask) -> None:
    with app.app_context():
        assert student_email(db.session(), 404) is None
