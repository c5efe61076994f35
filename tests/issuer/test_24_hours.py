"""The promise: a revoked card looks valid no longer than the portal says, and never longer than 24 hours.

An inspector without a connection believes any status list until its `exp`. So here every list is kept that
the public address ever handed out, by whichever process, and held against what the portal says then.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from babel.dates import format_datetime
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openvc.status import decode_status_list, get_status

from portal.clock import WARSAW
from portal.issuer import places
from tests.conftest import MovingClock, make_settings
from tests.issuer.conftest import Desk, running
from tests.mlegitymacja.conftest import PAGE, Student
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_student
from tests.support.wallet import FlaskHttp, HeldCard, Refused, Wallet

DAY = timedelta(hours=24)


@dataclass
class Inspector:
    """Keeps every status list that it ever got."""

    wallets: list[Wallet]
    """One for each process of the portal that answers."""
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def fetch(self, uri: str, process: int = 0) -> dict[str, Any]:
        said = dict(self.wallets[process % len(self.wallets)].status_list(uri))
        assert said["exp"] - said["iat"] <= DAY.total_seconds()
        self.kept[uri].append(said)
        return said

    def believes_until(self, *held: HeldCard) -> datetime | None:
        """Until when some list in its hands shows one of these copies as valid."""
        ends = [
            min(said["exp"], card.claims["exp"])
            for card in held
            for said in self.kept[uri_of(card)]
            if not is_revoked(said, card)
        ]
        return datetime.fromtimestamp(max(ends), UTC) if ends else None


def uri_of(card: HeldCard) -> str:
    return card.claims["status"]["status_list"]["uri"]


def is_revoked(said: dict[str, Any], card: HeldCard) -> bool:
    packed = decode_status_list(said["status_list"]["lst"])
    return get_status(packed, card.claims["status"]["status_list"]["idx"], bits=1) == 1


@pytest.fixture
def inspector(wallet: Wallet) -> Inspector:
    return Inspector([wallet])


@pytest.fixture
def small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places each, so that a few cards fill several lists."""
    monkeypatch.setattr(places, "FULL_AT", 2)


def taken(desk: Desk, wallet: Wallet, reference: str, **changes: Any) -> HeldCard:
    offer = desk.prepare(reference, **changes)
    return wallet.collect(offer.uri, offer.activation_code)


def test_each_list_counts_for_its_own_cards(
    desk: Desk, wallet: Wallet, inspector: Inspector, clock: MovingClock, small_lists: None
) -> None:
    held = {f"order-{number}": taken(desk, wallet, f"order-{number}") for number in range(6)}
    uris = sorted({uri_of(card) for card in held.values()})
    assert len(uris) == 3
    for uri in uris:  # the first list is fetched five hours before the last one
        inspector.fetch(uri)
        clock.move(hours=2, minutes=30)
    for reference, card in held.items():
        desk.revoke(reference)
        told = desk.looks_valid_until(reference)
        assert told == inspector.believes_until(card)
        assert told is not None
        assert told <= clock.now() + DAY
    assert {desk.looks_valid_until(reference) for reference in held} == {
        datetime.fromtimestamp(inspector.kept[uri][0]["exp"], UTC) for uri in uris
    }


def test_a_revocation_while_the_list_is_cached_is_told_with_the_cached_lists_end(
    desk: Desk, wallet: Wallet, card: HeldCard, inspector: Inspector, clock: MovingClock
) -> None:
    first = inspector.fetch(uri_of(card))
    clock.move(minutes=9, seconds=59)
    assert inspector.fetch(uri_of(card)) == first, "served from memory"
    desk.revoke()
    assert desk.looks_valid_until() == datetime.fromtimestamp(first["exp"], UTC)
    assert is_revoked(inspector.fetch(uri_of(card)), card)
    assert desk.looks_valid_until() == inspector.believes_until(card)


def test_the_copy_before_a_refresh_counts_in_its_own_list(
    desk: Desk, wallet: Wallet, inspector: Inspector, clock: MovingClock, small_lists: None
) -> None:
    first = taken(desk, wallet, "order-1")
    taken(desk, wallet, "order-2")
    inspector.fetch(uri_of(first))
    clock.move(hours=1)
    second = wallet.refresh(first)
    assert uri_of(first) != uri_of(second)
    clock.move(hours=1)
    desk.revoke()
    assert desk.looks_valid_until() == inspector.believes_until(first, second)
    assert inspector.believes_until(second) is None


def test_a_verifier_that_asks_whether_its_list_is_still_good_keeps_its_end(
    desk: Desk, wallet: Wallet, card: HeldCard, clock: MovingClock
) -> None:
    reply = wallet.http("GET", uri_of(card))
    end = desk.looks_valid_until()
    clock.move(minutes=5)
    tagged = {"If-None-Match": reply.headers["ETag"]}
    assert wallet.http("GET", uri_of(card), headers=tagged).status == 304
    desk.revoke()
    assert desk.looks_valid_until() == end


def test_the_students_page_shows_the_end_of_the_last_list_that_anybody_got(
    app: Flask, client: CheckedClient, wallet: Wallet, inspector: Inspector, clock: MovingClock
) -> None:
    student = Student(app, client, make_student(app))
    make_account(app, student.id)
    log_in(client)
    order = student.order()
    student.issue()
    offer = student.offer
    assert offer is not None
    card = wallet.collect(offer.uri, offer.activation_code)
    for _ in range(3):
        inspector.fetch(uri_of(card))
        clock.move(minutes=17, seconds=21)
    student.log_in_again()
    student.press(f"{PAGE}/uniewaznij/{order.public_id}")
    student.sweep()
    end = inspector.believes_until(card)
    assert end is not None
    assert clock.now() < end <= clock.now() + DAY
    assert end.second == 0, "shown to the minute"
    shown = format_datetime(end, "d MMMM yyyy, HH:mm", tzinfo=WARSAW, locale="pl")
    assert shown in student.page().one("section", id="order").text
    for _ in range(20):  # whatever is fetched from now on shows the revocation and lengthens nothing
        clock.move(hours=1)
        assert is_revoked(inspector.fetch(uri_of(card)), card)
    assert inspector.believes_until(card) == end


MOVES = st.one_of(
    st.integers(0, 1_200).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(0, 30).map(lambda hours: timedelta(hours=hours)),
)
NUMBER = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("fetch"), NUMBER, st.integers(0, 1)),
    st.tuples(st.just("move"), MOVES),
    st.tuples(st.just("collect"), st.sampled_from([0, 1, 2, 100])),
    st.tuples(st.just("refresh"), NUMBER),
    st.tuples(st.just("revoke"), NUMBER),
    st.tuples(st.just("sweep")),
)


class Schedule:
    """One portal, answering from two processes, and all that happens to it in one example."""

    def __init__(self, apps: list[Flask], clock: MovingClock) -> None:
        self.clock = clock
        self.desk = Desk(apps[0])
        wallets = [Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp()) for app in apps]
        self.wallet = wallets[0]
        self.inspector = Inspector(wallets)
        self.cards: list[list[HeldCard]] = []
        """Of each card all copies, oldest first."""
        self.told: dict[int, datetime | None] = {}

    def collect(self, days: int) -> None:
        last_day = self.clock.now().astimezone(WARSAW).date() + timedelta(days=days)
        self.cards.append([taken(self.desk, self.wallet, f"order-{len(self.cards)}", valid_until=last_day)])

    def move(self, span: timedelta) -> None:
        self.clock.instant += span

    def fetch(self, number: int, process: int) -> None:
        uris = sorted({uri_of(copy) for held in self.cards for copy in held})
        if uris:
            uri = uris[number % len(uris)]
            said = self.inspector.fetch(uri, process)
            ended = [copy for which in self.told for copy in self.cards[which] if uri_of(copy) == uri]
            assert all(is_revoked(said, copy) for copy in ended)

    def refresh(self, number: int) -> None:
        if self.cards:
            held = self.cards[number % len(self.cards)]
            try:
                held.append(self.wallet.refresh(held[-1]))
            except Refused as refused:
                # Its last day has passed, it was revoked, or it was fetched too often.
                assert refused.reply.error in ("invalid_grant", "slow_down")  # noqa: PT017

    def revoke(self, number: int) -> None:
        if not self.cards:
            return
        which = number % len(self.cards)
        self.desk.revoke(f"order-{which}")
        told = self.desk.looks_valid_until(f"order-{which}")
        assert told is not None
        assert self.told.setdefault(which, told) == told, "what was told once stays so"
        believed = self.inspector.believes_until(*self.cards[which])
        assert (believed or told) <= told <= max(believed or told, self.clock.now())
        assert told <= self.clock.now() + DAY

    def sweep(self) -> None:
        self.desk.sweep()

    def check(self) -> None:
        """Nobody was lied to by anything that happened later."""
        for which, told in self.told.items():
            believed = self.inspector.believes_until(*self.cards[which])
            assert believed is None or told is None or believed <= told
            assert self.desk.looks_valid_until(f"order-{which}") == told


@given(steps=st.lists(STEPS, max_size=25))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_fetched_and_revoked_whenever_the_portal_tells_the_truth(
    empty_instance: Path, steps: list[tuple[Any, ...]]
) -> None:
    clock = MovingClock()
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "FULL_AT", 2)
        shutil.copytree(empty_instance, Path(directory) / "instance")
        settings = make_settings(Path(directory) / "instance")
        with running(settings, clock) as first, running(settings, clock) as second:
            schedule = Schedule([first, second], clock)
            for name, *arguments in [("collect", 100), *steps]:
                getattr(schedule, name)(*arguments)
            schedule.check()
