"""Whoever comes at the same moment: one of them is first, and the others hear no."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from flask import Flask

from portal.database import db
from portal.usosapi.models import AccessToken
from tests.usosapi.client import BASE
from tests.usosapi.conftest import Student

AT_ONCE = 8


def test_a_request_token_gives_one_access_token(student: Student, app: Flask) -> None:
    pin = student.decide(student.phone.ask())
    phones = [replace(student.phone) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda phone: phone.exchange(pin).status_code, phones))
    assert Counter(answers) == {200: 1, 401: AT_ONCE - 1}
    with app.app_context():
        assert db.session.query(AccessToken).count() == 1


def test_a_signed_request_is_taken_once(student: Student) -> None:
    phone = student.let_in()

    def replay(_turn: int) -> int:
        return phone.session(nonce="once").get(f"{BASE}/services/users/user").status_code

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(replay, range(AT_ONCE)))
    assert Counter(answers) == {200: 1, 401: AT_ONCE - 1}


def test_orders_placed_at_once_are_one_order(student: Student) -> None:
    phone = student.let_in()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(
            threads.map(lambda _turn: phone.get("cards/make_mcard_order").status_code, range(AT_ONCE))
        )
    assert Counter(answers) == {200: AT_ONCE}
    assert len(phone.get("cards/mcard").json()["orders"]) == 1
