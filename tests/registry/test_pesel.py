"""PESEL: which numbers are valid, and what birth date they hold."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.registry import pesel
from tests.support.people import make_pesel

births = st.dates(date(1800, 1, 1), date(2199, 12, 31))
serials = st.integers(0, 9999)


@given(births, serials)
def test_the_birth_date_comes_back_from_a_valid_number(born: date, serial: int) -> None:
    number = make_pesel(born, serial)
    assert pesel.is_valid(number)
    assert pesel.birth_date(number) == born


@given(births, serials, st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(born: date, serial: int, place: int, step: int) -> None:
    number = make_pesel(born, serial)
    wrong = str((int(number[place]) + step) % 10)
    assert not pesel.is_valid(number[:place] + wrong + number[place + 1 :])


@given(st.text(max_size=12))
def test_any_text_has_an_answer(text: str) -> None:
    assert (pesel.birth_date(text) is not None) == pesel.is_valid(text)


@pytest.mark.parametrize(
    ("number", "born"),
    [
        ("44051401359", date(1944, 5, 14)),
        ("02070803628", date(1902, 7, 8)),
        (make_pesel(date(1899, 12, 31)), date(1899, 12, 31)),
        (make_pesel(date(2000, 2, 29)), date(2000, 2, 29)),
        (make_pesel(date(2100, 1, 1)), date(2100, 1, 1)),
    ],
)
def test_the_month_tells_the_century(number: str, born: date) -> None:
    assert pesel.birth_date(number) == born


@pytest.mark.parametrize(
    "number",
    [
        "",
        "4405140135",
        "440514013590",
        "44051401358",  # check digit
        "44131401350",  # month 13
        "01022900017",  # 29 February 1901
        "4405140135x",
        " 4405140135",
        "４４０５１４０１３５９",  # digits, but not those
        "٤٤٠٥١٤٠١٣٥٩",
    ],
)
def test_what_is_no_pesel(number: str) -> None:
    assert not pesel.is_valid(number)
    assert pesel.birth_date(number) is None


def test_the_portal_shows_only_three_of_the_digits() -> None:
    assert pesel.masked("99010112341") == "99********1"
    assert pesel.masked("123") == "***"
