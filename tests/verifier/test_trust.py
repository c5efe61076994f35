"""Cards of other universities: only of those that were named, and only while they can be asked."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from portal.gate import Busy, Gate
from portal.vc.fetch import Outgoing, Reach
from tests.conftest import MovingClock
from tests.support.inspected import Phone
from tests.support.wallet import Wallet
from tests.verifier.campus import KEYS, LIST, URL, VCT, Campus
from tests.verifier.conftest import Inspector, trust


def student(wallet: Wallet, campus: Campus, **claims: Any) -> Phone:
    """Somebody with a card of the other university."""
    return Phone(wallet, campus.issue(wallet.key, **claims))


def test_a_foreign_card_counts_once_its_issuer_is_trusted(
    inspector: Inspector, wallet: Wallet, trusted: Campus
) -> None:
    check = inspector.begin("library")
    assert student(wallet, trusted).show(check.qr).status == 200
    assert check.verdict == "WAŻNA"
    for shown in ("Ola Obca", "Uniwersytet Inny", "X-99"):
        assert shown in check.section
    assert len(check.page.all("img")) == 1


def test_the_wallet_is_asked_for_the_trusted_types_too(
    inspector: Inspector, phone: Phone, trusted: Campus
) -> None:
    (query,) = phone.read(inspector.begin().qr).said["dcql_query"]["credentials"]
    assert query["meta"]["vct_values"] == ["https://legitymacja.example.org/vct/student-id/1", VCT]


def test_without_trust_it_is_refused_and_nobody_is_asked(
    inspector: Inspector, wallet: Wallet, campus: Campus
) -> None:
    check = inspector.begin()
    assert student(wallet, campus).show(check.qr).status == 400
    assert "Legitymację wydał ktoś, komu ten portal nie ufa." in check.section
    assert campus.asked == []


def test_after_its_removal_it_is_refused_again(
    app: Flask, inspector: Inspector, wallet: Wallet, trusted: Campus
) -> None:
    first, second = inspector.begin(), inspector.begin()
    abroad = student(wallet, trusted)
    abroad.show(first.qr)
    removed = trust(app, "remove", URL)
    assert removed.output == f"Już niezaufany: {URL}\n"
    assert abroad.show(second.qr).status == 400
    assert (first.verdict, second.verdict) == ("WAŻNA", "NIEWAŻNA")


def test_a_revoked_foreign_card_is_not_valid(inspector: Inspector, wallet: Wallet, trusted: Campus) -> None:
    trusted.packed[0] = 1 << 5
    check = inspector.begin()
    assert student(wallet, trusted).show(check.qr).status == 200
    assert "Legitymacja została unieważniona." in check.section


def test_a_suspended_one_is_not_valid_for_now(inspector: Inspector, wallet: Wallet, trusted: Campus) -> None:
    trusted.bits = 2
    trusted.packed[1] = 0b1000  # index 5, two bits each: 2
    check = inspector.begin()
    student(wallet, trusted).show(check.qr)
    assert check.verdict == "NIEWAŻNA"
    assert "Uczelnia zawiesiła legitymację." in check.section


def test_an_unreachable_list_confirms_nothing(inspector: Inspector, wallet: Wallet, trusted: Campus) -> None:
    trusted.list_up = False
    check = inspector.begin()
    assert student(wallet, trusted).show(check.qr).status == 200
    assert check.verdict == "NIEPOTWIERDZONA"
    assert "Lista unieważnionych legitymacji jest niedostępna." in check.section
    assert "WAŻNA" not in check.section.replace("NIEPOTWIERDZONA", "")


def test_a_list_older_than_its_end_confirms_nothing(
    inspector: Inspector, wallet: Wallet, trusted: Campus
) -> None:
    trusted.list_life = -1
    check = inspector.begin()
    student(wallet, trusted).show(check.qr)
    assert check.verdict == "NIEPOTWIERDZONA"
    assert "jest nieaktualna" in check.section


def test_a_list_that_was_had_is_good_until_its_end_and_no_longer(
    inspector: Inspector, wallet: Wallet, trusted: Campus, clock: MovingClock
) -> None:
    abroad = student(wallet, trusted)
    abroad.show(inspector.begin().qr)
    trusted.list_up = False
    verdicts = []
    for hours in (11, 2):
        clock.move(hours=hours)
        check = inspector.begin()
        abroad.show(check.qr)
        verdicts.append(check.verdict)
    assert verdicts == ["WAŻNA", "NIEPOTWIERDZONA"]


def test_an_unreachable_issuer_confirms_nothing(
    inspector: Inspector, wallet: Wallet, trusted: Campus
) -> None:
    trusted.up = False
    check = inspector.begin()
    assert student(wallet, trusted).show(check.qr).status == 200
    assert "Nie można się połączyć z uczelnią" in check.section


@pytest.mark.parametrize("status", [None, "none", {"status_list": {"idx": 10**9, "uri": LIST}}])
def test_a_card_without_a_good_place_in_a_list_is_not_confirmed(
    inspector: Inspector, wallet: Wallet, trusted: Campus, status: object
) -> None:
    check = inspector.begin()
    assert student(wallet, trusted, status=status).show(check.qr).status == 200
    assert check.verdict == "NIEPOTWIERDZONA"


def test_a_type_that_is_not_trusted_is_refused(inspector: Inspector, wallet: Wallet, trusted: Campus) -> None:
    check = inspector.begin()
    assert student(wallet, trusted, vct="https://card.uni.example/cat").show(check.qr).status == 400
    assert "To nie jest legitymacja studencka" in check.section


def test_a_trusted_issuer_cannot_speak_for_us(inspector: Inspector, wallet: Wallet, trusted: Campus) -> None:
    check, ours = inspector.begin(), "https://legitymacja.example.org"
    forged = student(wallet, trusted, iss=ours, vct=f"{ours}/vct/student-id/1")
    assert forged.show(check.qr).status == 400
    assert "Podpis uczelni się nie zgadza." in check.section


def test_while_too_many_ask_the_wallet_is_told_to_try_again_and_nothing_is_lost(
    app: Flask, inspector: Inspector, wallet: Wallet, trusted: Campus
) -> None:
    def busy(*_args: object, **_named: object) -> None:
        raise Busy

    app.extensions["portal.verifier.http"] = busy
    check, abroad = inspector.begin(), student(wallet, trusted)
    reply = abroad.show(check.qr)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    app.extensions["portal.verifier.http"] = trusted
    assert abroad.show(check.qr).status == 200
    assert check.verdict == "WAŻNA"


def test_who_has_to_ask_nobody_waits_for_nobody(app: Flask, inspector: Inspector, phone: Phone) -> None:
    """However many cards of other universities are being asked about, our own are checked at once."""
    full = Gate(slots=1, waiting=0, patience=0)
    app.extensions["portal.verifier.http"] = Outgoing(Reach("https://legitymacja.example.org"), full)
    check = inspector.begin()
    with full.turn():
        assert phone.show(check.qr).status == 200
    assert check.verdict == "WAŻNA"


def test_keys_are_asked_for_once(inspector: Inspector, wallet: Wallet, trusted: Campus) -> None:
    abroad = student(wallet, trusted)
    for _ in range(3):
        abroad.show(inspector.begin().qr)
    assert trusted.asked == [KEYS, LIST]
