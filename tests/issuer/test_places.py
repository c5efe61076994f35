"""Which list the next copy goes to: how many are open, and how they are filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import func, insert, select

from portal.database import db, write
from portal.issuer import places
from portal.issuer.models import StatusList
from portal.issuer.places import CROWD, FULL_AT, MOST_OPEN, PLACES_FOR_ONE_MORE
from tests.conftest import START
from tests.issuer.conftest import Desk

Draw = Callable[..., Counter[int]]


@pytest.fixture
def draw(desk: Desk) -> Draw:
    """Draws places where so many are taken in the first list, the second, …; how many in which list."""

    def drawn(*taken: int, times: int = 200) -> Counter[int]:
        rows = [
            {"id": number, "version": 1, "taken": count, "opened_at": START}
            for number, count in enumerate(taken, 1)
        ]
        with desk.app.app_context():
            with write() as session:
                session.execute(insert(StatusList), rows)
            return Counter(places.free_slot().list_id for _ in range(times))

    return drawn


def test_a_department_has_one_list(draw: Draw) -> None:
    assert draw(PLACES_FOR_ONE_MORE - 1, times=20).keys() == {1}


def test_the_next_list_is_opened_long_before_the_first_is_full(draw: Draw) -> None:
    drawn = draw(PLACES_FOR_ONE_MORE)
    assert drawn.keys() == {1, 2}
    # Three quarters go to the new one, until there is a crowd in it; fewer than a hundred once in 10^14 runs.
    assert drawn[2] > 100


def test_lists_with_a_crowd_are_filled_evenly(draw: Draw) -> None:
    drawn = draw(20_000, 10_000, CROWD)
    assert drawn.keys() == {1, 2, 3}
    assert min(drawn.values()) > 25  # of 67 that are due


def test_one_new_list_at_a_time(draw: Draw) -> None:
    assert draw(60_000, CROWD - 1).keys() == {1, 2}


def test_full_lists_are_followed_by_others(draw: Draw) -> None:
    assert draw(*[FULL_AT] * 20, times=20).keys() == {21}


def test_a_country_has_sixteen_open_lists(draw: Draw) -> None:
    half = [FULL_AT] * 20 + [FULL_AT // 2] * MOST_OPEN
    assert len(draw(*half)) == MOST_OPEN


def test_whoever_finds_the_next_list_opened_meanwhile_takes_that(desk: Desk) -> None:
    with desk.app.app_context():
        places._open(1)
        places._open(1)
        assert places.free_slot().list_id == 1
        assert db.session.scalar(select(func.count()).select_from(StatusList)) == 1
