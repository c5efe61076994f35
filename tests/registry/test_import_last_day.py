"""What an import does to the last day of cards: graduates, and plastic cards that end earlier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from portal import audit
from portal.database import db
from portal.issuer.interface import CardRequest
from portal.orders import extensions, service
from portal.orders.models import Extension
from tests.registry.office import GONE, Office, row

LATE = {"els_valid_until": "2028-03-31"}
GRADUATE = GONE | LATE | {"graduated_on": "2027-07-01"}
LAST_DAY = date(2027, 10, 31)


@pytest.fixture
def graduation(office: Office) -> Office:
    """Somebody with a card to March 2028, on a day of July 2027 after the last examination."""
    office.students(row(**LATE))
    return office


def july(office: Office) -> None:
    office.clock.instant = datetime(2027, 7, 2, 10, tzinfo=UTC)


def test_a_graduate_of_the_first_cycle_keeps_the_card_to_the_end_of_october(graduation: Office) -> None:
    office = graduation
    card = office.card()
    july(office)
    assert "revoked" not in office.bring(row(**GRADUATE)).output
    assert office.latest().planned_valid_until == LAST_DAY
    assert office.history()[-1] == ("shorten", "import", None)
    office.clock.instant = datetime(2027, 10, 31, 22, 59, tzinfo=UTC)  # a minute to midnight in Warsaw
    office.sweep()
    assert (office.latest().status, office.wallet.status(card)) == ("collected", 0)
    office.clock.move(minutes=2)
    office.sweep()
    assert (office.latest().status, office.wallet.status(card)) == ("lapsed", 1)


def test_the_app_gets_the_earlier_day_when_it_refreshes(graduation: Office) -> None:
    card = graduation.card()
    assert card.claims["date_of_expiry"] == "2028-03-31"
    july(graduation)
    graduation.bring(row(**GRADUATE))
    assert graduation.wallet.refresh(card).claims["date_of_expiry"] == "2027-10-31"


def test_told_again_nothing_more_happens(graduation: Office) -> None:
    graduation.card()
    july(graduation)
    graduation.bring(row(**GRADUATE))
    history = graduation.history()
    graduation.bring(row(**GRADUATE, email="ewa@example.org"))
    assert graduation.history() == history


def test_a_graduate_whose_card_ends_earlier_anyway_keeps_that_day(office: Office) -> None:
    office.students(row(els_valid_until="2027-09-30"))
    office.card()
    july(office)
    office.bring(row(**GRADUATE | {"els_valid_until": "2027-09-30"}))
    assert office.latest().planned_valid_until == date(2027, 9, 30)


def test_a_graduate_who_goes_on_studying_keeps_everything(graduation: Office) -> None:
    graduation.card()
    july(graduation)
    active = {"student_status": "active"}
    second = row(programme_code="INF-2", programme_name="Informatyka", study_level="second_cycle", **LATE)
    graduation.bring(row(**GRADUATE | active), second)
    assert graduation.latest().planned_valid_until == date(2028, 3, 31)


def test_in_the_year_after_there_is_no_right_left(graduation: Office) -> None:
    graduation.students(row(2, **LATE))
    cards = graduation.card(1), graduation.card(2)
    graduation.clock.instant = datetime(2027, 11, 1, 10, tzinfo=UTC)
    graduation.bring(row(1, **GRADUATE), row(2, **LATE))
    assert graduation.story(1) == ("revoked", "status_lost")
    assert [graduation.wallet.status(card) for card in cards] == [1, 0]


@pytest.mark.parametrize("level", ["second_cycle", "long_cycle"])
def test_graduates_of_other_cycles_lose_the_card(graduation: Office, level: str) -> None:
    graduation.card()
    july(graduation)
    graduation.bring(row(**GRADUATE | {"study_level": level}))
    assert graduation.story() == ("revoked", "status_lost")


def test_a_graduate_whose_card_was_not_prepared_yet_gets_none(graduation: Office) -> None:
    july(graduation)
    graduation.order()
    graduation.bring(row(**GRADUATE))
    assert graduation.story() == ("revoked", "status_lost")


def test_a_graduate_may_still_collect_what_was_ready(graduation: Office) -> None:
    graduation.clock.instant = datetime(2027, 10, 20, 10, tzinfo=UTC)
    graduation.order(status="ready")
    graduation.bring(row(**GRADUATE))
    due_at = graduation.latest().due_at
    assert due_at is not None
    assert due_at == datetime(2027, 10, 31, 23, tzinfo=UTC)
    card = graduation.collect()
    assert graduation.wallet.status(card) == 0
    assert card.claims["date_of_expiry"] == "2027-10-31"
    graduation.clock.instant = due_at
    graduation.sweep()
    assert (graduation.latest().status, graduation.wallet.status(card)) == ("lapsed", 1)


def test_new_data_of_a_graduate_end_the_card(graduation: Office) -> None:
    graduation.card()
    july(graduation)
    graduation.bring(row(**GRADUATE | {"surname": "Polna"}))
    assert graduation.story() == ("revoked", "data_changed")


@pytest.mark.parametrize("status", ["waiting", "in_progress", "ready", "collected"])
def test_an_earlier_day_of_the_plastic_card_counts_for_the_mlegitymacja(
    graduation: Office, status: str
) -> None:
    graduation.order(status=status)
    if status == "collected":
        graduation.order(status="ready")
        graduation.collect()
    graduation.bring(row(els_valid_until="2026-12-10"))
    order = graduation.latest()
    assert (order.status, order.planned_valid_until) == (status, date(2026, 12, 10))
    assert order.due_at is not None
    assert order.due_at <= datetime(2026, 12, 10, 23, tzinfo=UTC)


def test_an_order_that_waits_gives_a_card_with_the_earlier_day(graduation: Office) -> None:
    graduation.order()
    graduation.bring(row(els_valid_until="2026-12-10"))
    assert graduation.card().claims["exp"] == datetime(2026, 12, 10, 23, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("gone", [{"els_valid_until": "2026-11-19"}, "none"])
def test_without_a_valid_plastic_card_there_is_no_mlegitymacja_under_classic(
    office: Office, gone: dict[str, str] | str
) -> None:
    office.students(row(1), row(2))
    cards = office.card(1), office.card(2)
    office.order(1)
    change = gone if isinstance(gone, dict) else dict.fromkeys((n for n in row() if n.startswith("els_")), "")
    result = office.bring(row(1, **change), row(2))
    assert "Cards and orders revoked: 1." in result.output
    assert office.story(1) == ("revoked", "els_ended")
    assert [office.wallet.status(card) for card in cards] == [1, 0]


def test_the_plastic_card_does_not_matter_under_the_rules_of_2025(office: Office) -> None:
    office.set(policy="2025")
    office.students(row())
    card = office.card()
    before = office.latest().planned_valid_until
    office.bring(row(els_valid_until="2026-11-21"))
    office.bring(row() | dict.fromkeys((n for n in row() if n.startswith("els_")), ""))
    assert (office.latest().planned_valid_until, office.wallet.status(card)) == (before, 0)


def test_an_extension_under_way_does_not_get_beyond_an_earlier_day(office: Office) -> None:
    office.students(row(els_valid_until="2027-01-31"))
    office.card()
    office.bring(row(els_valid_until="2027-10-31"))
    with office.app.app_context():
        service.extend(office.latest(), audit.SYSTEM)
    office.bring(row(els_valid_until="2027-03-31"))
    with office.app.app_context():
        extensions.work_due()
        assert db.session.scalars(select(Extension.status)).all() == ["failed"]
    assert office.latest().planned_valid_until == date(2027, 1, 31)


def test_a_worker_that_is_extending_meanwhile_has_to_set_the_issuer_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.students(row(els_valid_until="2027-01-31"))
    card = office.card()
    office.bring(row(els_valid_until="2027-10-31"))
    issuer = office.app.extensions["portal.issuer"]
    extend = issuer.extend

    def then_import(requests: Sequence[CardRequest]) -> dict[str, Exception | None]:
        answers = extend(requests)
        monkeypatch.undo()
        office.bring(row(els_valid_until="2027-03-31"))
        return answers

    monkeypatch.setattr(issuer, "extend", then_import)
    with office.app.app_context():
        service.extend(office.latest(), audit.SYSTEM)
        extensions.work_due()
        extensions.work_due()
        assert db.session.scalars(select(Extension.status)).all() == ["failed"]
    last_moment = datetime(2027, 1, 31, 23, tzinfo=UTC)
    assert office.latest().planned_valid_until == date(2027, 1, 31)
    assert office.wallet.refresh(card).claims["exp"] == last_moment.timestamp()
