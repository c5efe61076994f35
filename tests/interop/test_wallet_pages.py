"""The stand-in wallet's pages with others' cards: the foreign issuer's, and those of a portal elsewhere."""

from __future__ import annotations

import pytest
from babel.dates import format_date

from tests.interop.pocket import Pocket
from tests.interop.processes import ForeignIssuer
from tests.interop.student import Student
from tests.support.nu import NuChecker
from tests.support.server import Server


@pytest.fixture
def pocket(home: Server) -> Pocket:
    return Pocket(home.url)


def test_a_foreign_card_by_the_steps_of_the_instruction(pocket: Pocket, campus: ForeignIssuer) -> None:
    pocket.scan(campus.order("k7-QzW9x"))
    for said in ("Cartão de Estudante", "Universidade do Exemplo", campus.url[8:], "Enviado por SMS."):
        assert said in pocket.text
    pocket.activate("wrong-00")
    assert (pocket.status, pocket.path) == (422, "/portfel/oferta")
    pocket.activate("k7-QzW9x")
    assert pocket.path.startswith("/portfel/dokumenty/")
    for said in ("Inês", "Conceição d'Ávila", "Universidade do Exemplo", "L-2025/77A"):
        assert said in pocket.text
    assert pocket.says_how_the_card_stands == "WAŻNA"
    assert "PESEL" not in pocket.text


def test_the_foreign_issuer_hears_of_the_card_and_of_its_removal(
    pocket: Pocket, campus: ForeignIssuer
) -> None:
    before = len(campus.notifications)
    pocket.scan(campus.order(None, "by_value"))
    pocket.activate()
    pocket.open(f"{pocket.path}/usun")
    pocket.send(pocket.path)
    heard = [event for _card, event in campus.notifications[before:]]
    assert heard == ["credential_accepted", "credential_deleted"]


def test_the_photo_of_a_foreign_card_is_shown(pocket: Pocket, campus: ForeignIssuer) -> None:
    pocket.scan(campus.order(None))
    pocket.activate()
    photo = pocket.fetch(f"{pocket.path}/zdjecie")
    assert photo.headers["Content-Type"] == "image/png"


def test_the_pages_about_a_foreign_card_are_valid(
    pocket: Pocket, campus: ForeignIssuer, nu_checker: NuChecker
) -> None:
    pocket.scan(campus.order("k7-QzW9x"))
    offered = pocket.html
    pocket.activate("k7-QzW9x")
    assert pocket.path.startswith("/portfel/dokumenty/")
    assert [*nu_checker.problems(offered), *nu_checker.problems(pocket.html)] == []


@pytest.mark.parametrize("value", [1, 2], ids=["revoked", "suspended"])
def test_a_refresh_tells_what_the_foreign_list_says(
    pocket: Pocket, campus: ForeignIssuer, value: int
) -> None:
    pocket.scan(campus.order(None))
    pocket.activate()
    campus.set_status(campus.last_index, value)
    pocket.press("odswiez")
    assert pocket.says_how_the_card_stands == "NIEWAŻNA"


def test_the_wallet_keeps_cards_of_several_universities(
    pocket: Pocket, campus: ForeignIssuer, university: Server
) -> None:
    pocket.scan(campus.order(None))
    pocket.activate()
    codes = Student(university, "100002").order()
    pocket.type_code(codes.text)
    pocket.activate(codes.activation_code)
    pocket.open("/portfel")
    assert "Universidade do Exemplo" in pocket.text
    assert "Uniwersytet Sąsiedni" in pocket.text or "UwS" in pocket.text


def test_the_card_of_another_portal_from_wrong_code_to_removal(pocket: Pocket, university: Server) -> None:
    student = Student(university, "100001")
    codes = student.order()
    pocket.scan(codes.text)
    assert "Uniwersytet Sąsiedni" in pocket.text
    pocket.activate("00000000")
    assert "4 próby" in pocket.text
    pocket.activate(codes.activation_code)
    card = pocket.path
    assert pocket.says_how_the_card_stands == "WAŻNA"

    until = student.extend(days=200)
    pocket.press("przedluz")
    assert (pocket.path, pocket.status) == (card, 200)
    assert format_date(until, "long", locale="pl") in pocket.text
    student.look_until_it_says("aplikacja ma nową datę")

    pocket.open(f"{card}/usun")
    pocket.send(f"{card}/usun")
    student.look_until_it_says("Aplikacja zgłosiła, że legitymację z niej usunięto.")


def test_a_revocation_at_another_portal_is_seen(pocket: Pocket, university: Server) -> None:
    student = Student(university, "100003")
    codes = student.order()
    pocket.scan(codes.text)
    pocket.activate(codes.activation_code)
    student.revoke()
    pocket.press("odswiez")
    assert pocket.says_how_the_card_stands == "NIEWAŻNA"
