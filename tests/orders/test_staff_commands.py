"""`flask orders show` and `revoke`: what staff may see of a student's order, and how they end it."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import Result
from flask import Flask

from portal.audit import AuditRecord
from portal.clock import WARSAW
from portal.database import db, write
from portal.issuer.interface import IssuerUnavailable
from portal.orders import service
from portal.registry.models import PlasticCard
from tests.conftest import MovingClock
from tests.orders.conftest import STUDENT, Orders
from tests.support.people import make_pesel, make_student
from tests.support.wallet import FlaskHttp, Wallet

PESEL = make_pesel(serial=4711)


@pytest.fixture
def student_id(app: Flask) -> int:
    return make_student(app, pesel=PESEL)


def command(app: Flask, *words: str, says: str = "") -> Result:
    result = app.test_cli_runner().invoke(args=["orders", *words, "--language", "en"], input=says)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def show(app: Flask) -> str:
    result = command(app, "show", "100001")
    assert result.exit_code == 0
    return result.output


def revoke(app: Flask, reason: str = "mistake", *more: str, says: str = "") -> Result:
    return command(app, "revoke", "100001", "--reason", reason, *more, says=says)


def test_it_shows_the_conditions_of_somebody_without_an_order(app: Flask, orders: Orders) -> None:
    said = show(app)
    assert said.startswith("Anna Maria Źródlana, 100001\n")
    assert "Conditions (classic):\n  You have active student status – met\n" in said
    assert said.count(" – met\n") == 7
    assert "There is no order." in said


def test_it_says_what_is_missing(app: Flask) -> None:
    make_student(app, photo=False, els_valid_until=date(2026, 9, 30))
    said = show(app)
    assert "You have a photo in the USOS system – not met" in said
    assert "Your plastic card (ELS) has been extended in USOS – not met" in said


def test_it_shows_the_order_and_its_history(app: Flask, orders: Orders) -> None:
    orders.collected()
    said = show(app)
    assert "Status: Collected (collected)" in said
    assert "Date of the order: 20 November 2026, 12:00" in said
    assert "mLegitymacja valid until: 31 March 2027" in said
    assert "Copy in the app valid until: 31 March 2027" in said
    assert "  20 November 2026, 12:00: Ordered\n" in said
    assert "  20 November 2026, 12:00: Added to the app\n" in said


def test_it_shows_extensions(app: Flask, orders: Orders) -> None:
    orders.collected()
    with write() as session:
        session.query(PlasticCard).update({"valid_until": date(2027, 10, 31)})
    assert "Can be extended until: 31 October 2027" in show(app)
    service.extend(orders.latest, STUDENT)
    said = show(app)
    assert "Latest extension: 31 March 2027 → 31 October 2027, Waiting" in said
    assert "Extension requested, valid until 31 October 2027 instead of 31 March 2027" in said


def test_it_never_shows_codes_or_the_pesel(app: Flask, orders: Orders) -> None:
    offer = service.open_offer(orders.ready())
    assert offer is not None
    shown = show(app) + revoke(app, "mistake", "--yes").output
    for secret in (PESEL, offer.activation_code, offer.uri):
        assert secret not in shown


def test_the_truth_is_shown_even_if_the_sweep_is_late(app: Flask, orders: Orders, clock: MovingClock) -> None:
    orders.ready()
    clock.move(days=31)
    assert "Status: Expired (expired)" in show(app)
    assert "no order or card that could be revoked" in revoke(app, "mistake", "--yes").output


@pytest.mark.parametrize("words", [("show",), ("revoke", "--reason", "mistake", "--yes")])
def test_an_unknown_album_number_is_told(app: Flask, words: tuple[str, ...]) -> None:
    result = command(app, words[0], "404", *words[1:])
    assert (result.exit_code, "Nobody in the registry has this album number." in result.output) == (1, True)


def test_without_a_live_order_there_is_nothing_to_revoke(app: Flask, orders: Orders) -> None:
    assert revoke(app, "mistake", "--yes").exit_code == 1
    service.cancel(orders.place(), STUDENT)
    result = revoke(app, "mistake", "--yes")
    assert (result.exit_code, "This student has no order or card that" in result.output) == (1, True)
    assert orders.latest.status == "cancelled"


@pytest.mark.parametrize("reason", ["status_lost", "data_changed", "lost_device", "mistake", "misuse"])
def test_a_card_is_revoked_with_its_reason_and_that_is_audited(
    app: Flask, orders: Orders, reason: str
) -> None:
    orders.collected()
    assert revoke(app, reason, "--yes").exit_code == 0
    order = orders.latest
    assert (order.status, order.reason) == ("revoked", reason)
    assert orders.history(order)[-1] == ("revoke_by_university", "revoked")
    noted = db.session.query(AuditRecord).filter_by(event="card_revoked").one()
    assert (noted.actor, noted.subject, noted.detail) == ("command line", order.public_id, reason)
    assert "Revoked by the university. " in show(app), "and the reason in words"


@pytest.mark.parametrize("reason", ["wrong_codes", "new_phone", "boredom"])
def test_other_reasons_are_refused(app: Flask, orders: Orders, reason: str) -> None:
    orders.collected()
    assert revoke(app, reason, "--yes").exit_code == 2
    assert orders.latest.status == "collected"


def test_it_asks_first(app: Flask, orders: Orders) -> None:
    orders.collected()
    asked = revoke(app, "misuse", says="n\n")
    assert "Anna Maria Źródlana, 100001" in asked.output
    assert "Revoke it for good?" in asked.output
    assert (asked.exit_code, orders.latest.status) == (1, "collected")
    assert revoke(app, "misuse", says="y\n").exit_code == 0
    assert orders.latest.status == "revoked"


def test_an_order_that_waits_can_be_revoked_too(app: Flask, orders: Orders) -> None:
    orders.place()
    assert "No copy of it can look valid any more." in revoke(app, "mistake", "--yes").output
    assert orders.latest.status == "revoked"


def test_it_tells_until_when_an_offline_copy_may_look_valid(
    app: Flask, orders: Orders, clock: MovingClock
) -> None:
    offer = service.open_offer(orders.ready())
    assert offer is not None
    wallet = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
    card = wallet.collect(offer.uri, offer.activation_code)
    assert wallet.status(card) == 0  # so a list was handed out that may be kept
    said = revoke(app, "lost_device", "--yes").output
    until = orders.latest.looks_valid_until
    assert until is not None
    assert f"may still look valid until {until.astimezone(WARSAW).day} November 2026, " in said
    assert wallet.status(card) == 1
    assert said.splitlines()[-1] in show(app)


def test_an_issuer_that_does_not_answer_is_told(
    app: Flask, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.collected()

    def no_answer(_reference: str) -> None:
        raise IssuerUnavailable

    monkeypatch.setattr(app.extensions["portal.orders.issuer"], "revoke", no_answer)
    result = revoke(app, "mistake", "--yes")
    assert result.exit_code == 0
    assert "has not acknowledged it yet" in result.output
    assert orders.latest.status == "revoked"


def test_they_speak_polish_unless_told_otherwise(app: Flask, orders: Orders) -> None:
    orders.place()
    said = app.test_cli_runner().invoke(args=["orders", "show", "100001"]).output
    assert "Status: Oczekuje (waiting)" in said
    assert "Warunki (classic):" in said
