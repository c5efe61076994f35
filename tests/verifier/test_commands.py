"""`flask verifier check`: for gates and scripts, which read exit codes and JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from flask import Flask

from tests.conftest import MovingClock
from tests.issuer.conftest import Desk
from tests.support.inspected import Phone
from tests.verifier.campus import Campus

AUDIENCE = "https://gate.example"
BOUND = ("--nonce", "n-1", "--audience", AUDIENCE)


def check(app: Flask, text: str, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["verifier", "check", "-", *words], input=text)


def shown(phone: Phone, *claims: str) -> str:
    return phone.wallet.present(phone.card, list(claims), AUDIENCE, "n-1")


def test_a_good_card_ends_with_0(app: Flask, phone: Phone) -> None:
    result = check(app, shown(phone), *BOUND)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "WAŻNA",
        "Uczelnia: Politechnika Próbna (https://legitymacja.example.org)",
        "Ważna do: 31 marca 2027",
    ]


def test_in_english_too(app: Flask, phone: Phone) -> None:
    assert check(app, shown(phone), *BOUND, "--language", "en").output.startswith("VALID\nUniversity: Trial")


def test_json_tells_what_was_disclosed(app: Flask, phone: Phone) -> None:
    result = check(app, shown(phone, "family_name"), *BOUND, "--json")
    said = json.loads(result.output)
    claims = said.pop("claims")
    assert said == {
        "verdict": "valid",
        "reason": None,
        "issuer": "https://legitymacja.example.org",
        "vct": "https://legitymacja.example.org/vct/student-id/1",
        "valid_until": "2027-03-31",
    }
    assert claims["family_name"] == "Żółkiewska"
    assert "given_name" not in claims


def test_a_revoked_card_ends_with_1(app: Flask, phone: Phone, desk: Desk) -> None:
    desk.revoke()
    result = check(app, shown(phone), *BOUND)
    assert result.exit_code == 1
    assert result.output.startswith("NIEWAŻNA. Legitymacja została unieważniona.\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--nonce", "another", "--audience", AUDIENCE), "wrong_question"),
        (("--nonce", "n-1", "--audience", "https://another.example"), "wrong_question"),
    ],
)
def test_anothers_question_ends_with_1(app: Flask, phone: Phone, words: tuple[str, ...], reason: str) -> None:
    result = check(app, shown(phone), *words, "--json")
    assert result.exit_code == 1
    said = json.loads(result.output)
    assert (said["verdict"], said["reason"], said["claims"]) == ("invalid", reason, {})


def test_a_card_that_nobody_bound_to_the_question_ends_with_1(app: Flask, phone: Phone) -> None:
    result = check(app, phone.card.credential, *BOUND, "--json")
    assert (result.exit_code, json.loads(result.output)["reason"]) == (1, "no_holder")


def test_without_the_holder_the_card_alone_is_checked_where_that_is_said(app: Flask, phone: Phone) -> None:
    assert check(app, phone.card.credential, "--without-holder").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--nonce", "n-1"),
        ("--audience", AUDIENCE),
        ("--nonce", "", "--audience", AUDIENCE),
        (*BOUND, "--without-holder"),
    ],
)
def test_the_holder_is_not_forgotten_by_accident(app: Flask, phone: Phone, words: tuple[str, ...]) -> None:
    result = check(app, shown(phone), *words)
    assert result.exit_code == 2
    assert "--without-holder" in result.output


def test_a_missing_file_ends_with_2(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["verifier", "check", "nowhere.txt", "--without-holder"])
    assert result.exit_code == 2


@pytest.mark.parametrize("text", ["", "x", "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"), "~~"])
def test_what_is_no_card_ends_with_1(app: Flask, text: str) -> None:
    result = check(app, text, "--without-holder", "--json")
    assert (result.exit_code, json.loads(result.output)["reason"]) == (1, "malformed")


def test_what_cannot_be_confirmed_ends_with_3(app: Flask, phone: Phone, trusted: Campus) -> None:
    trusted.list_up = False
    abroad = trusted.issue(phone.wallet.key).credential
    result = check(app, abroad, "--without-holder", "--json")
    said = json.loads(result.output)
    assert (result.exit_code, said["verdict"]) == (3, "unconfirmed")
    assert said["reason"] == "list_unreachable"


def test_an_expired_card_ends_with_1(app: Flask, phone: Phone, clock: MovingClock) -> None:
    clock.move(days=200)
    result = check(app, shown(phone), *BOUND, "--json")
    assert (result.exit_code, json.loads(result.output)["reason"]) == (1, "expired")
