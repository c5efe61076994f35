"""A code may hold anything: what can't be read ends in a sentence, and the wallet goes on working."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from portal.vc import jose
from tests.conftest import MovingClock
from tests.wallet.browser import WALLET, Browser, alerts_of, words_of
from tests.wallet.conftest import Nearby
from tests.wallet.test_showing import HOST, VCT, Inspector, agree, ask

NO_ADDRESS = ["https://[", "https://", "answer", "https://you-know-me.example@kontrola.example/answer"]


@pytest.fixture
def inspector(world: Nearby) -> Inspector:
    world.hosts[HOST] = inspector = Inspector()
    return inspector


def changed(question: str, **parameters: str) -> str:
    said = dict(parse_qsl(urlsplit(question).query))
    return "openid4vp://?" + urlencode(said | parameters)


def dcql(claim: dict[str, Any]) -> str:
    asked = {"id": "card", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [claim]}
    return json.dumps({"credentials": [asked | {"claim_sets": [["a"]]}]})


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_a_question_whose_answer_goes_nowhere_is_not_kept(
    card: str, browser: Browser, inspector: Inspector, address: str
) -> None:
    text = changed(
        inspector.question("given_name"), client_id=f"redirect_uri:{address}", response_uri=address
    )
    page = browser.scan(text)
    assert page.status_code == 422
    assert "To zapytanie jest niepełne" in alerts_of(page)
    assert browser.get(WALLET).status_code == 200


@pytest.mark.parametrize(
    "parameters",
    [
        {"dcql_query": dcql({"id": [], "path": ["given_name"]})},
        # What the wallet would have to agree to, and doesn't know (OpenID4VP 1.0, 5.1).
        {"transaction_data": json.dumps(["eyJ0eXBlIjoicGF5bWVudCJ9"])},
    ],
    ids=["a claim's id is no text", "transaction data"],
)
def test_a_question_that_the_wallet_does_not_understand_is_not_answered(
    card: str, browser: Browser, inspector: Inspector, parameters: dict[str, str]
) -> None:
    page = browser.scan(changed(inspector.question("given_name"), **parameters))
    assert page.status_code == 422
    assert "Aplikacja nie zna" in alerts_of(page)


@pytest.mark.parametrize("issuer", ["https://[", "https://", "no address"])
def test_an_offer_of_an_issuer_that_is_nowhere_is_not_kept(browser: Browser, card: str, issuer: str) -> None:
    grant = {"urn:ietf:params:oauth:grant-type:pre-authorized_code": {"pre-authorized_code": "x"}}
    offer = {"credential_issuer": issuer, "credential_configuration_ids": ["a"], "grants": grant}
    query = urlencode({"credential_offer": json.dumps(offer)})
    page = browser.scan(f"openid-credential-offer://?{query}")
    assert page.status_code == 502
    assert "nie odpowiada" in alerts_of(page)


@pytest.mark.parametrize("onward", NO_ADDRESS)
def test_a_way_on_that_leads_nowhere_is_left_out(
    card: str, browser: Browser, inspector: Inspector, onward: str
) -> None:
    inspector.onward = onward
    page = agree(browser, ask(browser, inspector.question("given_name")))
    assert page.status_code == 200
    assert HOST in words_of(page)
    assert 'rel="noreferrer"' not in page.text


def test_a_name_hides_nothing_and_turns_nothing_around(
    card: str, browser: Browser, inspector: Inspector
) -> None:
    page = ask(browser, inspector.question("given_name", name="Bib\0lio\u202eteka\n"))
    assert "Bib lio teka" in words_of(page)


def test_a_certificate_whose_key_nobody_knows_is_refused(
    card: str, browser: Browser, clock: MovingClock
) -> None:
    der = certificate(clock).replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f"))
    client_id = "x509_hash:" + base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    header = {"typ": "oauth-authz-req+jwt", "x5c": [base64.b64encode(der).decode()]}
    request = jose.sign(header, {"client_id": client_id}, jose.new_key())
    page = browser.scan("openid4vp://?" + urlencode({"client_id": client_id, "request": request}))
    assert page.status_code == 422
    assert alerts_of(page)


def certificate(clock: MovingClock) -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    now = clock.now()
    dated = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).serial_number(1)
    return dated.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
