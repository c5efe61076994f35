"""Random students, clocks, imports, kills and wallets against the portal.

Whatever they do: nobody has two live cards, no card stays valid of somebody who lost the right to it, and no
order that was confirmed is lost or stands still.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal.clock import WARSAW
from portal.database import db
from portal.orders.models import Extension, Order, OrderEvent
from portal.orders.states import EXTENSIONS_OPEN, LIVE, TABLE, Event, Status
from tests.life.university import PAGE, Person, University

PEOPLE = 3
WHO = st.integers(0, PEOPLE - 1)
# Mostly not killed; else before or after one of the first commits.
NOT_KILLED = (0, False)
KILL = st.one_of(st.just(NOT_KILLED), st.tuples(st.integers(1, 4), st.booleans()))
SPANS = st.sampled_from(
    [
        timedelta(seconds=3),
        timedelta(seconds=61),
        timedelta(minutes=11),
        timedelta(hours=5),
        timedelta(hours=25),
        timedelta(days=29),
    ]
)


class Life(RuleBasedStateMachine):
    empty: Path
    """An instance directory with an empty database, for each life a copy."""
    scratch: Path

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=self.scratch))
        shutil.copytree(self.empty, self.directory / "instance")
        self.university = University(self.directory, self.directory / "instance", PEOPLE)
        self.confirmed: set[str] = set()

    def teardown(self) -> None:
        if not hasattr(self, "university"):
            return
        try:
            self.everything_comes_to_an_end()
        finally:
            self.university.close()
            shutil.rmtree(self.directory)

    def person(self, number: int) -> Person:
        return self.university.people[number]

    # Students at their browsers

    @rule(who=WHO, kill=KILL)
    def order(self, who: int, kill: tuple[int, bool]) -> None:
        if self.university.press(self.person(who), PAGE + "/zamow", kill=kill):
            self.confirmed |= self.public_ids()

    @rule(
        who=WHO,
        act=st.sampled_from(["anuluj", "uniewaznij", "nowe-kody", "przedluz", "nowy-telefon"]),
        kill=KILL,
    )
    def act_on_the_latest(self, who: int, act: str, kill: tuple[int, bool]) -> None:
        order = self.latest(self.person(who))
        if order is not None:
            self.university.press(self.person(who), f"{PAGE}/{act}/{order.public_id}", kill=kill)

    # Their phones

    @rule(who=WHO, kill=KILL, new_phone=st.booleans())
    def scan_the_codes(self, who: int, kill: tuple[int, bool], new_phone: bool) -> None:
        person = self.person(who)
        codes = self.university.codes(person)
        if codes is None:
            return
        if new_phone:
            person.phone = None
        self.university.with_phone(person, lambda phone: phone.collect(*codes), kill=kill)

    @rule(who=WHO)
    def gets_a_card(self, who: int) -> None:
        """The whole way without a stumble: what most students do most of the time."""
        self.the_office_puts_all_in_order(who)
        self.order(who, NOT_KILLED)
        self.university.engine()
        self.scan_the_codes(who, NOT_KILLED, new_phone=False)

    @rule(who=WHO)
    def extends_the_card(self, who: int) -> None:
        """After the ELS was extended."""
        self.plastic_cards_are_extended(NOT_KILLED)
        self.act_on_the_latest(who, "przedluz", NOT_KILLED)
        self.university.engine()

    @precondition(lambda self: any(person.cards for person in self.university.people))
    @rule(who=WHO, which=st.integers(0, 5), kill=KILL)
    def refresh(self, who: int, which: int, kill: tuple[int, bool]) -> None:
        """With the latest refresh token of some card, or with an old one, as a thief would."""
        person = self.person(who)
        if person.cards:
            card, _ = person.cards[-1 - which % len(person.cards)]
            self.university.with_phone(person, lambda phone: phone.refresh(card), kill=kill)

    # The office

    @rule(who=WHO, kill=KILL)
    def status_changes(self, who: int, kill: tuple[int, bool]) -> None:
        self.person(who).active = not self.person(who).active
        self.university.bring_up_to_date(kill=kill)

    @rule(who=WHO, kill=KILL)
    def name_changes(self, who: int, kill: tuple[int, bool]) -> None:
        person = self.person(who)
        person.given_names = "Żaneta Anna" if person.given_names == "Żaneta" else "Żaneta"
        self.university.bring_up_to_date(kill=kill)

    @rule(who=WHO, kill=KILL)
    def new_plastic_card(self, who: int, kill: tuple[int, bool]) -> None:
        person = self.person(who)
        person.els_names, person.els_serial = person.given_names, person.els_serial + 1
        self.university.bring_up_to_date(kill=kill)

    @rule(who=WHO)
    def the_office_puts_all_in_order(self, who: int) -> None:
        person = self.person(who)
        person.active = True
        if person.els_names != person.given_names:
            self.new_plastic_card(who, NOT_KILLED)
        self.plastic_cards_are_extended(NOT_KILLED)

    @rule(kill=KILL)
    def plastic_cards_are_extended(self, kill: tuple[int, bool]) -> None:
        for person in self.university.people:
            person.els_until = max(person.els_until, self.university.today) + timedelta(days=200)
        self.university.bring_up_to_date(kill=kill)

    # The engine, and time

    @rule(kill=KILL)
    def engine(self, kill: tuple[int, bool]) -> None:
        self.university.engine(kill=kill)

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.university.clock.instant += span

    # What must hold

    @invariant()
    def nobody_has_two_live_orders(self) -> None:
        if not hasattr(self, "university"):
            return
        with self.university.app.app_context():
            live = db.session.query(Order.student_id).filter(Order.status.in_(LIVE)).all()
        assert len(live) == len(set(live))

    @invariant()
    def every_history_is_legal(self) -> None:
        if not hasattr(self, "university"):
            return
        with self.university.app.app_context():
            for order in db.session.query(Order):
                steps = (
                    db.session.query(OrderEvent).filter_by(order_id=order.id).order_by(OrderEvent.id).all()
                )
                for step in steps:
                    before = None if step.from_status is None else Status(step.from_status)
                    assert TABLE[before, Event(step.event)] == step.to_status
                assert all(one.to_status == two.from_status for one, two in pairwise(steps))
                assert steps[-1].to_status == order.status

    @rule()
    def inspectors_look(self) -> None:
        """After the engine has done what is due: one valid card at most, and of nobody without the right."""
        self.university.settle()
        for person in self.university.people:
            valid = [(card, names) for card, names in person.cards if self.university.looks_valid(card)]
            assert len(valid) <= 1, f"{person.album} has {len(valid)} valid cards"
            for card, names in valid:
                assert person.active, "the card of somebody who lost the status is valid"
                assert names == person.given_names, "a card that shows an old name is valid"
                order = self.latest(person)
                assert order is not None
                assert order.status == Status.COLLECTED
                last_moment = datetime.combine(order.planned_valid_until + timedelta(days=1), time(), WARSAW)
                assert card.claims["exp"] <= last_moment.timestamp()

    def everything_comes_to_an_end(self) -> None:
        """Leases end, waits end: no order and no extension may stand still."""
        for _ in range(12):
            self.university.settle()
            self.university.clock.instant += timedelta(minutes=11)
        self.inspectors_look()
        with self.university.app.app_context():
            assert self.confirmed <= self.public_ids()
            stuck = db.session.query(Order).filter(Order.status.in_([Status.WAITING, Status.IN_PROGRESS]))
            assert stuck.count() == 0
            untold = db.session.query(Order).filter(Order.status.not_in(LIVE), Order.issuer_told_at.is_(None))
            assert untold.count() == 0
            assert db.session.query(Extension).filter(Extension.status.in_(EXTENSIONS_OPEN)).count() == 0

    def latest(self, person: Person) -> Order | None:
        with self.university.app.app_context():
            return db.session.scalars(
                db.select(Order)
                .join_from(Order, db.metadata.tables["students"])
                .where(db.metadata.tables["students"].c.album_number == person.album)
                .order_by(Order.id.desc())
            ).first()

    def public_ids(self) -> set[str]:
        with self.university.app.app_context():
            return set(db.session.scalars(db.select(Order.public_id)))


@pytest.mark.faults
@pytest.mark.parametrize("third", [1, 2, 3])  # three short tests are easier to share out than a long one
def test_no_way_leads_to_two_cards_to_a_card_without_a_right_or_to_a_lost_order(
    empty_instance: Path, tmp_path: Path, third: int
) -> None:
    Life.empty, Life.scratch = empty_instance, tmp_path
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
