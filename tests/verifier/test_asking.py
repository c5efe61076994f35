"""What the wallet is asked: signed, for this check alone, and for no more than the inspector chose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.x509.oid import NameOID
from flask import Flask

from portal.verifier import requests
from tests.conftest import MovingClock
from tests.support.inspected import Phone
from tests.support.wallet import FlaskHttp, Reply
from tests.verifier.conftest import Inspector

BASE = "https://legitymacja.example.org"
PERSON = ["given_name", "family_name", "picture"]


@pytest.mark.parametrize(
    ("preset", "claims"),
    [("carrier", PERSON), ("library", [*PERSON, "student_number"]), ("validity", [])],
)
def test_a_preset_asks_for_exactly_what_it_says(
    inspector: Inspector, phone: Phone, preset: str, claims: list[str]
) -> None:
    asked = phone.read(inspector.begin(preset).qr)
    (query,) = asked.said["dcql_query"]["credentials"]
    assert asked.claims == claims
    assert ("claims" in query) == bool(claims)
    assert query["format"] == "dc+sd-jwt"
    assert query["meta"] == {"vct_values": [f"{BASE}/vct/student-id/1"]}


def test_the_request_is_signed_by_the_certificate_that_the_qr_names(
    inspector: Inspector, phone: Phone, clock: MovingClock
) -> None:
    asked = phone.read(inspector.begin().qr)
    (name,) = asked.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "Politechnika Próbna"
    assert asked.said["aud"] == "https://self-issued.me/v2"
    assert (asked.said["response_type"], asked.said["response_mode"]) == ("vp_token", "direct_post")
    assert asked.said["response_uri"].startswith(f"{BASE}/oid4vp/responses/")
    assert asked.said["client_metadata"]["client_name"] == "Politechnika Próbna"
    assert asked.said["client_metadata"]["vp_formats_supported"] == {
        "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]}
    }
    now = int(clock.now().timestamp())
    assert (asked.said["iat"], asked.said["exp"]) == (now, now + 300)


def test_each_check_has_secrets_of_its_own(inspector: Inspector, phone: Phone) -> None:
    first, second = (phone.read(inspector.begin().qr).said for _ in range(2))
    for name in ("nonce", "state", "response_uri"):
        assert first[name] != second[name]
    assert len(first["nonce"]) >= 43


def test_reading_the_request_changes_nothing(
    inspector: Inspector, phone: Phone, written: Callable[[], str]
) -> None:
    qr = inspector.begin().qr
    before = written()
    assert phone.read(qr).said["nonce"] == phone.read(qr).said["nonce"]
    assert written() == before


def test_the_request_is_gone_once_it_was_answered(inspector: Inspector, phone: Phone) -> None:
    qr = inspector.begin().qr
    assert phone.show(qr).status == 200
    assert ask_again(phone, qr).status == 404


def test_the_request_is_gone_after_five_minutes(
    inspector: Inspector, phone: Phone, clock: MovingClock
) -> None:
    qr = inspector.begin().qr
    clock.move(minutes=5)
    assert ask_again(phone, qr).status == 404


def test_an_unknown_request_is_not_found(phone: Phone) -> None:
    reply = phone.wallet.http("GET", f"{BASE}/oid4vp/requests/made-up")
    assert (reply.status, reply.error) == (404, "not_found")


def ask_again(phone: Phone, qr: str) -> Reply:
    return phone.wallet.http("GET", qr.partition("request_uri=")[2])


def test_a_wallet_in_a_browser_may_ask(inspector: Inspector, phone: Phone) -> None:
    reply = ask_again(phone, inspector.begin().qr)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Cache-Control"] == "no-store"


def test_the_qr_stays_small(inspector: Inspector) -> None:
    assert len(inspector.begin().qr) < 180


def test_one_network_cannot_flood_the_endpoints(app: Flask) -> None:
    http = FlaskHttp(app)
    answers = [http("GET", f"{BASE}{requests.REQUESTS_PATH}x") for _ in range(601)]
    assert {answer.status for answer in answers[:600]} == {404}
    assert answers[600].status == 429
    assert int(answers[600].headers["Retry-After"]) >= 1


def test_one_network_cannot_begin_checks_without_end(inspector: Inspector, clock: MovingClock) -> None:
    for _ in range(120):
        inspector.begin("validity")
    with pytest.raises(AssertionError):
        inspector.begin("validity")
    clock.instant += timedelta(seconds=1)
    inspector.begin("validity")
