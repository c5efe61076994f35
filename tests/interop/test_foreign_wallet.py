"""The inspector's page with wallets that nobody here wrote, for cards of ours and of the foreign issuer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from openvc.proof.sd_jwt import make_object_disclosure
from sd_jwt.holder import SDJWTHolder

from tests.interop import foreign_holder
from tests.interop.foreign_card import CardMaker
from tests.interop.foreign_holder import Asked, Show, by_openvc, by_sd_jwt, send
from tests.interop.inspector import Inspector
from tests.interop.processes import ForeignIssuer
from tests.interop.student import Student
from tests.support.server import Server
from tests.support.wallet import HeldCard, RequestsHttp, Wallet, new_key

KEY = new_key()
HOLDERS = pytest.mark.parametrize("show", [by_sd_jwt, by_openvc])


@pytest.fixture
def inspector(home: Server, campus_is_trusted: None) -> Inspector:
    return Inspector(home.url)


def card_of(campus: ForeignIssuer, **changes: Any) -> tuple[str, int]:
    return campus.card_for(KEY.export_public(as_dict=True), **changes)


@pytest.fixture
def card(campus: ForeignIssuer) -> str:
    return card_of(campus)[0]


@pytest.fixture(scope="module")
def our_card(university: Server) -> tuple[HeldCard, JWK]:
    """Collected from a portal of ours by a wallet of others' libraries."""
    codes = Student(university, "100004").order()
    wallet = Wallet(RequestsHttp())
    return wallet.collect(codes.text, codes.activation_code), wallet.key


@HOLDERS
def test_a_card_of_a_trusted_university_is_valid(inspector: Inspector, card: str, show: Show) -> None:
    asked = inspector.asks()
    answer = send(asked, show(card, asked, KEY))
    assert (answer.status_code, inspector.verdict) == (200, "WAŻNA")
    for said in ("Inês Conceição d'Ávila", "Universidade do Exemplo"):
        assert said in inspector.text
    assert inspector.page.all("img", width="300")


@HOLDERS
def test_a_card_of_our_own_issuer_is_valid(
    university: Server, our_card: tuple[HeldCard, JWK], show: Show
) -> None:
    inspector, (held, key) = Inspector(university.url), our_card
    asked = inspector.asks("library")
    send(asked, show(held.credential, asked, key))
    assert inspector.verdict == "WAŻNA"
    assert "Uniwersytet Sąsiedni" in inspector.text
    assert held.claims["student_number"] in inspector.text


def test_a_card_of_our_own_issuer_with_another_key_is_not_valid(
    university: Server, our_card: tuple[HeldCard, JWK]
) -> None:
    inspector = Inspector(university.url)
    asked = inspector.asks()
    send(asked, by_sd_jwt(our_card[0].credential, asked, new_key()))
    assert inspector.verdict == "NIEWAŻNA"


def test_a_revoked_card_of_our_own_issuer_is_not_valid(university: Server) -> None:
    student = Student(university, "100005")
    codes = student.order()
    wallet, inspector = Wallet(RequestsHttp()), Inspector(university.url)
    held = wallet.collect(codes.text, codes.activation_code)
    student.revoke()
    asked = inspector.asks("validity")
    send(asked, by_sd_jwt(held.credential, asked, wallet.key))
    assert inspector.verdict == "NIEWAŻNA"
    assert "unieważniona" in inspector.why


def test_nothing_but_validity_discloses_nothing(inspector: Inspector, card: str) -> None:
    asked = inspector.asks("validity")
    presentation = by_sd_jwt(card, asked, KEY)
    assert len(presentation.split("~")) == 2, "the card and the key binding"
    send(asked, presentation)
    assert inspector.verdict == "WAŻNA"
    assert "Inês" not in inspector.text


def tampered(card: str, asked: Asked) -> str:
    """Holders give themselves another name, and bind that to this very question."""
    head, *disclosures = card.rstrip("~").split("~")
    salt, _name, _value = next(one for one in map(_read, disclosures) if one[1] == "given_name")
    others = [one for one in disclosures if _read(one)[0] != salt]
    changed = make_object_disclosure(salt, "given_name", "Somebody")
    return by_openvc("~".join([head, *others, changed, ""]), asked, KEY)


def _read(disclosure: str) -> list[Any]:
    return list(json.loads(base64.urlsafe_b64decode(disclosure + "==")))


def without_binding(card: str, asked: Asked) -> str:
    holder = SDJWTHolder(card)
    holder.create_presentation(dict.fromkeys(asked.names, True))
    return str(holder.sd_jwt_presentation)


def of_an_unknown_issuer(_card: str, asked: Asked) -> str:
    stranger = CardMaker("https://nobody.example", "https://nobody.example/lists")
    return by_sd_jwt(stranger.make(KEY.export_public(as_dict=True))[0], asked, KEY)


def signed_by_another(card: str, asked: Asked) -> str:
    """It says that it is of the campus, and names the campus' key."""
    issuer = SDJWTHolder(card).sd_jwt_payload["iss"]
    forger = CardMaker(issuer, f"{issuer}/lists")
    return by_sd_jwt(forger.make(KEY.export_public(as_dict=True))[0], asked, KEY)


def to_another_question(card: str, asked: Asked) -> str:
    return by_sd_jwt(card, replace(asked, nonce="of another question"), KEY)


def to_another_verifier(card: str, asked: Asked) -> str:
    return by_sd_jwt(card, replace(asked, client_id="x509_hash:another"), KEY)


def of_another_phone(card: str, asked: Asked) -> str:
    return by_sd_jwt(card, asked, new_key())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (tampered, "altered"),
        (to_another_question, "wrong_question"),
        (to_another_verifier, "wrong_question"),
        (without_binding, "no_holder"),
        (of_another_phone, "wrong_holder"),
        (of_an_unknown_issuer, "unknown_issuer"),
        (signed_by_another, "bad_signature"),
    ],
)
def test_what_proves_nothing_is_not_valid(
    inspector: Inspector, card: str, wrong: Callable[[str, Asked], str], reason: str
) -> None:
    asked = inspector.asks()
    answer = send(asked, wrong(card, asked))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"].endswith(f": {reason}")
    assert inspector.verdict == "NIEWAŻNA"
    assert inspector.why
    assert "Inês" not in inspector.text


def test_a_replay_is_refused_and_changes_nothing(inspector: Inspector, card: str) -> None:
    asked = inspector.asks()
    presentation = by_sd_jwt(card, asked, KEY)
    assert send(asked, presentation).status_code == 200
    assert send(asked, presentation).status_code == 400
    assert inspector.verdict == "WAŻNA"


def test_an_answer_to_an_earlier_question_does_not_answer_this_one(inspector: Inspector, card: str) -> None:
    earlier = inspector.asks()
    presentation = by_sd_jwt(card, earlier, KEY)
    assert send(inspector.asks(), presentation).status_code == 400
    assert inspector.verdict == "NIEWAŻNA"


def test_an_expired_card_is_not_valid(inspector: Inspector, campus: ForeignIssuer) -> None:
    asked = inspector.asks()
    send(asked, by_sd_jwt(card_of(campus, lasts=-1)[0], asked, KEY))
    assert inspector.verdict == "NIEWAŻNA"
    assert "Termin ważności" in inspector.why


@pytest.mark.parametrize(
    ("value", "why"),
    [(1, "unieważniona"), (2, "zawiesiła"), (3, "unieważniona")],
    ids=["revoked", "suspended", "of the issuer's own meaning"],
)
def test_a_card_that_its_list_speaks_against_is_not_valid(
    inspector: Inspector, campus: ForeignIssuer, value: int, why: str
) -> None:
    card, index = card_of(campus)
    campus.set_status(index, value)
    asked = inspector.asks()
    send(asked, by_sd_jwt(card, asked, KEY))
    assert inspector.verdict == "NIEWAŻNA"
    assert why in inspector.why


def test_a_list_past_its_end_confirms_nothing(inspector: Inspector, campus: ForeignIssuer, card: str) -> None:
    asked = inspector.asks()
    campus.lists_last(-1)
    try:
        send(asked, by_sd_jwt(card, asked, KEY))
    finally:
        campus.lists_last(6 * 3600)
    assert inspector.verdict == "NIEPOTWIERDZONA"


def test_the_holder_may_refuse(inspector: Inspector) -> None:
    asked = inspector.asks()
    foreign_holder.refuse(asked)
    inspector.open(inspector.path)
    assert not inspector.page.all("img", width="300")
    assert "Posiadacz" in inspector.text


def test_a_university_that_is_no_longer_trusted_is_unknown(
    home: Server, inspector: Inspector, campus: ForeignIssuer, card: str
) -> None:
    home.command("verifier", "trust", "remove", campus.issuer)
    try:
        asked = inspector.asks()
        assert send(asked, by_sd_jwt(card, asked, KEY)).status_code == 400
    finally:
        home.command("verifier", "trust", "add", campus.issuer)
    assert inspector.verdict == "NIEWAŻNA"
