"""An import that would end many cards asks first: a wrong file must not take a university's cards away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.registry.report import ALWAYS_ALLOWED, Forecast
from tests.registry.office import GONE, Office, row

ALLOW = ("--allow-mass-revocation",)


def department(office: Office, people: int, orders: int) -> None:
    office.students(*(row(number) for number in range(1, people + 1)))
    for number in range(1, orders + 1):
        office.order(number)


def losing(number: int, of: int) -> list[dict[str, str]]:
    """The department's file: the first so many have left."""
    return [row(one, **GONE) if one <= number else row(one) for one in range(1, of + 1)]


def revoked(office: Office, people: int) -> int:
    return sum(office.latest(number).status == "revoked" for number in range(1, people + 1))


def test_it_stops_before_anything_is_written(office: Office) -> None:
    department(office, 12, 10)
    before = office.dump()
    result = office.bring(*losing(6, of=12), row(99))
    assert result.exit_code == 1
    assert (
        "This import would revoke 6 of 10 live cards and orders, more than 5%. Nothing was written. "
        "If the file is right, import it with --allow-mass-revocation."
    ) in result.output
    assert office.dump() == before


def test_it_says_so_in_polish(office: Office) -> None:
    department(office, 6, 6)
    assert (
        "Ten import unieważniłby 6 z 6 ważnych legitymacji i zamówień, czyli więcej niż 5%. "
        "Niczego nie zapisano. Jeśli plik jest poprawny, należy zaimportować go z opcją"
    ) in office.bring(*losing(6, of=6), language="pl").output


def test_whoever_knows_that_the_file_is_right_may_go_on(office: Office) -> None:
    department(office, 8, 8)
    result = office.bring(*losing(7, of=8), words=ALLOW)
    assert (result.exit_code, "Cards and orders revoked: 7." in result.output) == (0, True)
    assert revoked(office, 8) == 7


def test_a_few_cards_may_end_in_the_smallest_department(office: Office) -> None:
    department(office, 5, 5)
    assert office.bring(*losing(5, of=5)).exit_code == 0
    assert revoked(office, 5) == 5


def test_people_without_a_card_do_not_count(office: Office) -> None:
    department(office, 30, 3)
    assert office.bring(*losing(30, of=30)).exit_code == 0


def test_the_dry_run_says_how_many_and_that_it_would_stop(office: Office) -> None:
    department(office, 9, 9)
    before = office.dump()
    few = office.bring(*losing(4, of=9), words=("--dry-run",))
    many = office.bring(*losing(6, of=9), words=("--dry-run",))
    allowed = office.bring(*losing(6, of=9), words=("--dry-run", *ALLOW))
    assert "Cards and orders that the import would revoke: 4." in few.output
    assert "Cards and orders that the import would revoke: 6." in many.output
    stops = "more than 5%. So the import would stop before it writes anything."
    assert [stops in result.output for result in (few, many, allowed)] == [False, True, False]
    assert [result.exit_code for result in (few, many, allowed)] == [0, 1, 0]
    assert office.dump() == before


def test_the_dry_run_counts_what_the_import_then_ends(office: Office) -> None:
    department(office, 8, 7)
    office.card(1)
    office.bring(row(9))
    file = [
        row(1, surname="Polna"),
        row(2, els_valid_until="2026-11-19"),
        row(3, els_valid_until="2026-12-31"),
        row(4, album_number="200005", els_number="ELS5"),
        row(5, album_number="200004", els_number="ELS4"),
        row(6, **GONE),
        row(7, email="ewa@example.org"),
        row(8, **GONE),
        row(10),
    ]
    before = office.dump()
    dry = office.bring(*file, words=("--dry-run",))
    assert office.dump() == before
    wet = office.bring(*file)
    assert "Cards and orders that the import would revoke: 5." in dry.output
    assert "Cards and orders revoked: 5." in wet.output
    ended = [number for number in range(1, 8) if office.latest(number).status == "revoked"]
    assert ended == [1, 2, 4, 5, 6]


def test_the_share_is_a_setting(office: Office) -> None:
    department(office, 10, 10)
    office.set(mass_revocation_percent=60)
    assert office.bring(*losing(7, of=10)).exit_code == 1
    assert office.bring(*losing(6, of=10)).exit_code == 0


def test_zero_percent_asks_for_each_card(office: Office) -> None:
    department(office, 3, 3)
    office.set(mass_revocation_percent=0)
    assert office.bring(*losing(1, of=3)).exit_code == 1
    assert office.bring(*losing(0, of=3)).exit_code == 0


@given(ended=st.integers(0, 5000), live=st.integers(0, 5000), percent=st.integers(0, 100))
def test_it_is_a_mass_where_both_limits_are_passed(ended: int, live: int, percent: int) -> None:
    floor = ALWAYS_ALLOWED if percent else 0
    too_many = ended > live * percent / 100 and ended > floor
    assert Forecast(ended, live).is_mass(percent) == too_many


@pytest.mark.parametrize(("ended", "mass"), [(50, False), (51, True)])
def test_five_percent_are_not_more_than_five_percent(ended: int, mass: bool) -> None:
    assert Forecast(ended, 1000).is_mass(5) == mass
