"""Telling the issuer that orders ended: all that are due in one call, each by its own answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask

from portal.database import db, write
from portal.issuer.interface import IssuerUnavailable
from portal.orders import service, telling
from portal.orders.models import Order
from portal.orders.registry_events import RegistryEvents
from portal.orders.transitions import tell_again
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.support.people import make_student


class Issuer:
    """The real issuer, out of reach while orders end; afterwards it may have no answer for some."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.reachable = False
        self.silent_about: set[str] = set()
        self.asked: list[list[str]] = []

    def revoke(self, references: Sequence[str]) -> dict[str, Exception | None]:
        if not self.reachable:
            raise IssuerUnavailable
        self.asked.append(list(references))
        answers = self.real.revoke([one for one in references if one not in self.silent_about])
        return answers | dict.fromkeys(self.silent_about.intersection(references), IssuerUnavailable())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.fixture
def issuer(app: Flask) -> Issuer:
    issuer = Issuer(app.extensions["portal.orders.issuer"])
    app.extensions["portal.orders.issuer"] = issuer
    return issuer


@pytest.fixture
def ended(app: Flask, issuer: Issuer, context: None, clock: MovingClock) -> list[str]:
    """Public ids of three orders of whose end the issuer could not be told; it can now."""
    orders = [Orders(make_student(app, f"20000{number}")).ready() for number in range(3)]
    for order in orders:
        service.cancel(order, STUDENT)
    issuer.reachable = True
    clock.move(seconds=30)
    return [order.public_id for order in orders]


def told() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(db.select(Order.public_id).where(Order.issuer_told_at.is_not(None))))


def test_the_issuer_is_told_of_all_that_ended_in_one_call(issuer: Issuer, ended: list[str]) -> None:
    assert telling.tell_due() == 3
    assert [set(asked) for asked in issuer.asked] == [set(ended)]
    assert told() == set(ended)
    assert telling.tell_due() == 0


def test_one_card_without_an_answer_holds_up_no_other(
    issuer: Issuer, ended: list[str], clock: MovingClock
) -> None:
    issuer.silent_about = {ended[1]}
    telling.tell_due()
    assert told() == {ended[0], ended[2]}
    issuer.silent_about = set()
    clock.instant += telling.RETRY_AFTER
    assert telling.tell_due() == 1
    assert told() == set(ended)


def test_an_import_ends_though_the_issuer_is_silent_for_longer_than_it_takes_to_ask_again(
    issuer: Issuer, ended: list[str], clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def revoke(references: Sequence[str]) -> dict[str, Exception | None]:
        asked.append(references)
        assert len(asked) < 10, "for ever"
        clock.instant += telling.RETRY_AFTER
        return dict.fromkeys(references, IssuerUnavailable())

    monkeypatch.setattr(issuer, "revoke", revoke)
    RegistryEvents().committed()
    assert len(asked) == 1
    assert told() == set()


def test_a_late_worker_has_the_issuer_told_again_even_while_it_is_being_told(
    issuer: Issuer, ended: list[str], clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoke(references: Sequence[str]) -> dict[str, Exception | None]:
        clock.move(seconds=1)
        with write() as session:
            tell_again(session, 1)
        return dict.fromkeys(references)

    with monkeypatch.context() as patched:
        patched.setattr(issuer, "revoke", revoke)
        telling.tell_due()
    assert told() == set(ended[1:])
    assert telling.tell_due() == 1
    assert told() == set(ended)
