"""SD-JWT as holder and verifier see it, against cards that the IETF's reference made and reads."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from portal.vc import jose, sdjwt
from portal.vc.sdjwt import Altered, HolderProblem, Malformed, NotTheHolder, Question, SdJwt

NOW = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
QUESTION = Question("https://gate.example", "n-0S6")
HOLDER = jose.new_key()
ISSUER = JWK.generate(kty="EC", crv="P-256")
# Nested: an object with claims of its own, a list with elements of its own, and both within each other.
CLAIMS: dict[Any, Any] = {
    "iss": "https://uni.example",
    SDObj("given_name"): "Łucja",
    SDObj("address"): {SDObj("city"): "Białystok", "country": "PL"},
    SDObj("courses"): [SDObj("algebra"), SDObj({"name": "fizyka", SDObj("grade"): 5}), "wf"],
    "languages": [SDObj("pl"), "en"],
}
OPEN = {"iss", "cnf", "languages"}


def card(claims: dict[Any, Any] | None = None, **options: Any) -> SdJwt:
    holder = JWK(**jose.public_jwk(HOLDER))
    issued = SDJWTIssuer(claims or CLAIMS, ISSUER, holder, "ES256", **options)
    return sdjwt.parse(issued.sd_jwt_issuance)


def read_by_the_reference(presentation: str) -> dict[str, Any]:
    verifier = SDJWTVerifier(presentation, lambda *_: ISSUER, QUESTION.audience, QUESTION.nonce)
    return dict(verifier.get_verified_payload())


def presented(*names: str, key: ECKey = HOLDER, question: Question = QUESTION, at: datetime = NOW) -> str:
    return sdjwt.present(card(), names, question, key=key, now=at)


def test_a_whole_card_says_everything() -> None:
    claims = sdjwt.disclosed(card())
    assert claims["given_name"] == "Łucja"
    assert claims["address"] == {"city": "Białystok", "country": "PL"}
    assert claims["courses"] == ["algebra", {"name": "fizyka", "grade": 5}, "wf"]
    assert claims["languages"] == ["pl", "en"]


def test_decoys_say_nothing() -> None:
    assert sdjwt.disclosed(card(add_decoy_claims=True)) == sdjwt.disclosed(card())


def test_the_signature_of_a_foreign_card_is_understood() -> None:
    key = jose.public_key(ISSUER.export_public(as_dict=True))
    jose.check_signature(card().token, key)
    with pytest.raises(jose.BadSignature):
        jose.check_signature(card().token, HOLDER)


@pytest.mark.parametrize("names", [(), ("given_name",), ("address", "courses"), ("languages",)])
def test_what_was_chosen_is_disclosed_with_what_belongs_to_it(
    names: tuple[str, ...],
) -> None:
    whole = sdjwt.disclosed(card())
    said = read_by_the_reference(presented(*names))
    assert said.keys() == OPEN | set(names)
    for name in names:
        assert said[name] == whole[name]


def test_an_element_that_was_not_chosen_is_left_out() -> None:
    assert read_by_the_reference(presented())["languages"] == ["en"]
    assert sdjwt.disclosed(sdjwt.parse(presented()))["languages"] == ["en"]


def test_both_read_the_same_out_of_a_presentation() -> None:
    presentation = presented("address", "courses")
    assert sdjwt.disclosed(sdjwt.parse(presentation)) == read_by_the_reference(presentation)


def test_the_holder_is_recognised() -> None:
    sdjwt.check_holder(sdjwt.parse(presented("given_name")), QUESTION, NOW)


WRONG: dict[HolderProblem, dict[str, Any]] = {
    HolderProblem.WRONG_KEY: {"key": jose.new_key()},
    HolderProblem.WRONG_NONCE: {"question": Question(QUESTION.audience, "another")},
    HolderProblem.WRONG_AUDIENCE: {"question": Question("https://another.example", QUESTION.nonce)},
    HolderProblem.WRONG_TIME: {"at": NOW - timedelta(minutes=6)},
}


@pytest.mark.parametrize("problem", WRONG)
def test_somebody_else_or_another_question_is_not(problem: HolderProblem) -> None:
    with pytest.raises(NotTheHolder) as refused:
        sdjwt.check_holder(sdjwt.parse(presented("given_name", **WRONG[problem])), QUESTION, NOW)
    assert refused.value.problem == problem


def test_an_answer_from_the_future_is_not_taken() -> None:
    with pytest.raises(NotTheHolder):
        sdjwt.check_holder(sdjwt.parse(presented(at=NOW + timedelta(minutes=6))), QUESTION, NOW)


def test_a_card_without_an_answer_proves_no_holder() -> None:
    with pytest.raises(NotTheHolder) as refused:
        sdjwt.check_holder(card(), QUESTION, NOW)
    assert refused.value.problem == HolderProblem.MISSING


def test_the_answer_belongs_to_this_very_selection() -> None:
    head, _first, *rest = presented("given_name", "address").split("~")
    with pytest.raises(NotTheHolder) as refused:
        sdjwt.check_holder(sdjwt.parse("~".join([head, *rest])), QUESTION, NOW)
    assert refused.value.problem == HolderProblem.OTHER_CONTENT


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def digest(disclosure: str) -> str:
    raw = hashlib.sha256(disclosure.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def made(payload: dict[str, Any], *disclosures: str) -> SdJwt:
    """A card of our own making, with whatever the issuer or the holder would never write."""
    return sdjwt.parse("~".join([jose.sign({"typ": "dc+sd-jwt"}, payload, HOLDER), *disclosures, ""]))


NAME = b64(["s", "name", "Anna"])
ELEMENT = b64(["s", "x"])
ALTERED = {
    "a disclosure that was not signed": ({"_sd": []}, (NAME,)),
    "a disclosure twice": ({"_sd": [digest(NAME)]}, (NAME, NAME)),
    "a digest twice": ({"_sd": [digest(NAME), digest(NAME)]}, (NAME,)),
    "a claim that stands there already": ({"name": "Ewa", "_sd": [digest(NAME)]}, (NAME,)),
    "an element where a claim belongs": ({"_sd": [digest(ELEMENT)]}, (ELEMENT,)),
    "a claim where an element belongs": ({"list": [{"...": digest(NAME)}]}, (NAME,)),
    "dots outside a list": ({"a": {"...": digest(ELEMENT)}}, ()),
    "digests that are no list": ({"_sd": "x"}, ()),
    "digests that are none": ({"_sd": [7]}, ()),
    "another kind of digest": ({"_sd_alg": "md5"}, ()),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_what_the_issuer_did_not_write_is_found(kind: str) -> None:
    payload, disclosures = ALTERED[kind]
    with pytest.raises(Altered):
        sdjwt.disclosed(made(payload, *disclosures))


@pytest.mark.parametrize("name", ["iss", "exp", "nbf", "cnf", "vct", "status"])
def test_what_must_stand_open_cannot_be_disclosed(name: str) -> None:
    disclosure = b64(["s", name, "x"])
    with pytest.raises(Altered):
        sdjwt.disclosed(made({"_sd": [digest(disclosure)]}, disclosure))


def test_a_card_that_is_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"a": deep}
    with pytest.raises(Altered):
        sdjwt.disclosed(made(deep))


GOOD = jose.sign({}, {}, HOLDER)
MALFORMED = {
    "empty": "",
    "no tilde": GOOD,
    "no token": "~",
    "two parts": "a.b~",
    "a disclosure that is no base64": f"{GOOD}~***~",
    "a disclosure that is no list": f"{GOOD}~{b64({})}~",
    "a disclosure of one": f"{GOOD}~{b64(['s'])}~",
    "a disclosure of four": f"{GOOD}~{b64(['s', 'a', 1, 2])}~",
    "a disclosure named _sd": f"{GOOD}~{b64(['s', '_sd', []])}~",
    "a disclosure named ...": f"{GOOD}~{b64(['s', '...', []])}~",
    "a key binding that is none": f"{GOOD}~x.y.z",
    "too many disclosures": f"{GOOD}~" + f"{NAME}~" * 501,
    "too long": "a" * 2**21 + "~",
    "other letters": f"{GOOD}ż~",
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_card_is_refused(kind: str) -> None:
    with pytest.raises(Malformed):
        sdjwt.parse(MALFORMED[kind])


@pytest.mark.parametrize("value", [None, True, "1", -1, 10**13, float("inf"), float("nan"), [1]])
def test_what_is_no_moment_is_none(value: object) -> None:
    assert sdjwt.instant(value) is None


@pytest.mark.parametrize("value", [0, 1.5, 2**37 - 1])
def test_every_moment_can_be_a_datetime(value: float) -> None:
    moment = sdjwt.instant(value)
    assert moment == value
    assert datetime.fromtimestamp(moment, UTC)
