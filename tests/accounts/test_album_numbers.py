"""Students log in with the album number that USOS says today: imports that change numbers, and accounts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.database import write
from portal.identity import Account
from portal.registry.models import Student
from tests.accounts.links import accounts, link_for, opened, run
from tests.registry import table
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_student

ANNA, JAN = "100001", "100002"
"""Both their album numbers at first and their passwords."""
Numbers = Callable[..., None]


@pytest.fixture
def usos_says(app: Flask, tmp_path: Path) -> Numbers:
    """Import these people, known by their first numbers, with the numbers of today."""

    def bring(**numbers: str) -> None:
        rows = [
            table.row(key, usos_id=f"usos-{first[1:]}", album_number=today, els_number=f"ELS{first[1:]}")
            for key, (first, today) in enumerate(numbers.items())
        ]
        file = table.write_csv(tmp_path, *rows)
        assert app.test_cli_runner().invoke(args=["registry", "import", str(file)]).exit_code == 0

    return bring


@pytest.fixture
def both(app: Flask) -> None:
    """Anna and Jan have accounts."""
    for album in (ANNA, JAN):
        make_account(app, make_student(app, album), album, password=album)


def enter(client: CheckedClient, login: str, password: str) -> bool:
    return log_in(client, login, password).status_code == 303


def test_swapped_numbers_are_log_ins_as_soon_as_the_import_ends(
    client: CheckedClient, second_client: CheckedClient, both: None, usos_says: Numbers
) -> None:
    usos_says(_100001=JAN, _100002=ANNA)
    assert enter(client, JAN, password=ANNA)
    assert enter(second_client, ANNA, password=JAN)


def test_after_a_swap_nobody_gets_in_by_the_old_number(
    client: CheckedClient, both: None, usos_says: Numbers
) -> None:
    usos_says(_100001=JAN, _100002=ANNA)
    assert not enter(client, ANNA, password=ANNA)


@pytest.mark.parametrize("command", [["disable"], ["sessions", "end"]])
def test_after_a_swap_a_command_meets_whose_number_it_is_now(
    client: CheckedClient, second_client: CheckedClient, both: None, usos_says: Numbers, command: list[str]
) -> None:
    enter(client, ANNA, password=ANNA)
    enter(second_client, JAN, password=JAN)
    usos_says(_100001=JAN, _100002=ANNA)
    run(client.application, *command, ANNA)
    answers = [one.get("/konto/haslo").status_code for one in (client, second_client)]
    assert answers == [200, 303]


def test_a_command_brings_log_ins_up_to_date_that_no_import_has(app: Flask, both: None) -> None:
    swapped = {ANNA: "x", JAN: ANNA, "x": JAN}
    with app.app_context(), write() as session:
        for old, new in swapped.items():
            session.execute(update(Account).where(Account.login == old).values(login=new))
    run(app, "enable", ANNA)
    with app.app_context(), write() as session:
        found = select(Account.login, Student.album_number).join(Student, Student.id == Account.student_id)
        assert [login == album for login, album in session.execute(found)] == [True, True]


def test_a_number_that_passes_on_stops_no_invitation(app: Flask, both: None, usos_says: Numbers) -> None:
    usos_says(_100001="", _600001=ANNA, _600002="100003")
    result = run(app, "invite", "--all")
    assert re.findall(r"^\d+", result.output, re.M) == [ANNA, "100003"]
    assert result.exit_code == 0


def test_who_lost_the_number_does_not_get_in_by_it(
    app: Flask, client: CheckedClient, both: None, usos_says: Numbers
) -> None:
    usos_says(_100001="", _600001=ANNA)
    run(app, "invite", ANNA)
    assert not enter(client, ANNA, password=ANNA)


def test_a_number_that_nobody_else_has_stays_a_log_in(
    client: CheckedClient, both: None, usos_says: Numbers
) -> None:
    usos_says(_100001="")
    assert enter(client, ANNA, password=ANNA)


def test_who_gets_a_number_again_gets_in_by_it(client: CheckedClient, both: None, usos_says: Numbers) -> None:
    usos_says(_100001="", _100002=ANNA)
    usos_says(_100001="100009")
    assert enter(client, "100009", password=ANNA)


def test_a_link_is_dead_while_its_account_has_no_log_in(
    app: Flask, client: CheckedClient, both: None, usos_says: Numbers
) -> None:
    link = link_for(app, ANNA)
    usos_says(_100001="", _100002=ANNA)
    assert opened(client, link) == 404


def test_a_number_that_is_a_user_name_of_the_staff_stops_no_import(
    app: Flask, client: CheckedClient, both: None, usos_says: Numbers
) -> None:
    make_account(app, login="dziekanat", password="dziekanat", role="staff")
    usos_says(_100001="dziekanat", _100002=ANNA)
    assert enter(client, "dziekanat", password="dziekanat")
    assert accounts(app)[:2] == [ANNA, "dziekanat"]
