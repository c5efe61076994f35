"""What the pages say: every problem is a sentence, every value readable."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from portal.wallet import words
from portal.wallet.openid.card import State
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.pictures import PictureReason


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_is_a_sentence_of_its_own_in_both_languages(app: Flask, problem: Problem) -> None:
    error = WalletError(problem)
    with app.test_request_context():
        said = set()
        for language in ("pl", "en"):
            with force_locale(language):
                said.add(words.problem(error))
                said.add(words.problem(WalletError(Problem.REFUSED)))
        assert len(said) == (2 if problem is Problem.REFUSED else 4)
        assert 400 <= words.status_code(error) < 600


def test_no_picture_and_no_state_is_without_words(app: Flask) -> None:
    with app.test_request_context():
        assert all(words.picture_problem(reason) for reason in PictureReason)
        assert all(words.STATES[state] for state in State)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2004-05-17", "17 maja 2004"),
        ("20040517", "20040517"),  # an album number may look like a day
        ("2004-13-45", "2004-13-45"),
        (True, "tak"),
        (["student@example.org", "x"], "student@example.org, x"),
        ({"faculty": "Wydział Chemii", "scholarship": True}, "Wydział: Wydział Chemii, scholarship: tak"),
        (None, "–"),
        ("a\0b\u202ec", "a b c"),
        (7, "7"),
    ],
)
def test_values_are_read_as_a_person_reads_them(app: Flask, said: object, read: str) -> None:
    with app.test_request_context(), force_locale("pl"):
        assert words.value(said) == read
