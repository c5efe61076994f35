"""What wallets and verifiers read first: complete, identical everywhere, without leftovers of drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from openvc.openid4vci import parse_credential_issuer_metadata, parse_credential_offer

from tests.issuer.conftest import Desk
from tests.support.wallet import PRE_AUTHORIZED, Reply, Wallet

BASE = "https://legitymacja.example.org"
DOCUMENTS = [
    "/.well-known/openid-credential-issuer",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwt-vc-issuer",
    "/vct/student-id/1",
]


def get(wallet: Wallet, path: str, **headers: str) -> Reply:
    return wallet.http("GET", BASE + path, headers=headers)


@pytest.fixture
def metadata(wallet: Wallet) -> dict[str, Any]:
    return get(wallet, DOCUMENTS[0]).json()


@pytest.fixture
def configuration(metadata: dict[str, Any]) -> dict[str, Any]:
    return metadata["credential_configurations_supported"]["student-id"]


def test_the_issuer_describes_itself(metadata: dict[str, Any]) -> None:
    assert metadata["credential_issuer"] == BASE
    assert metadata["credential_endpoint"] == f"{BASE}/oid4vci/credential"
    assert metadata["nonce_endpoint"] == f"{BASE}/oid4vci/nonce"
    assert metadata["notification_endpoint"] == f"{BASE}/oid4vci/notification"
    assert [(entry["locale"], entry["name"]) for entry in metadata["display"]] == [
        ("pl", "Politechnika Próbna"),
        ("en", "Trial University of Technology"),
    ]


def test_an_independent_parser_takes_the_metadata(metadata: dict[str, Any]) -> None:
    parsed = parse_credential_issuer_metadata(metadata)
    assert parsed.credential_issuer == BASE
    assert parsed.batch_size is None


def test_an_independent_parser_takes_the_offer(desk: Desk, wallet: Wallet) -> None:
    parsed = parse_credential_offer(dict(wallet.read_offer(desk.prepare().uri).raw))
    assert (parsed.credential_issuer, parsed.credential_configuration_ids) == (BASE, ("student-id",))
    assert list(parsed.grants) == [PRE_AUTHORIZED]


def test_the_card_is_described(configuration: dict[str, Any]) -> None:
    assert configuration["format"] == "dc+sd-jwt"
    assert configuration["vct"] == f"{BASE}/vct/student-id/1"
    assert configuration["scope"]
    assert configuration["cryptographic_binding_methods_supported"] == ["jwk"]
    assert configuration["credential_signing_alg_values_supported"] == ["ES256"]
    assert configuration["proof_types_supported"] == {
        "jwt": {"proof_signing_alg_values_supported": ["ES256"]}
    }


def test_display_and_claims_stand_in_credential_metadata(configuration: dict[str, Any]) -> None:
    described = configuration["credential_metadata"]
    assert [entry["locale"] for entry in described["display"]] == ["pl", "en"]
    assert not {"display", "claims"} & set(configuration)
    paths = [tuple(claim["path"]) for claim in described["claims"]]
    assert len(paths) == len(set(paths))
    assert ("picture",) in paths
    assert all([d["locale"] for d in claim["display"]] == ["pl", "en"] for claim in described["claims"])


def test_the_authorization_server_takes_anonymous_wallets(wallet: Wallet) -> None:
    server = get(wallet, DOCUMENTS[1]).json()
    assert server["issuer"] == BASE
    assert server["token_endpoint"] == f"{BASE}/oid4vci/token"
    assert server["grant_types_supported"] == [PRE_AUTHORIZED, "refresh_token"]
    assert server["pre-authorized_grant_anonymous_access_supported"] is True


def test_the_type_metadata_describes_the_type_of_the_card(wallet: Wallet) -> None:
    described = get(wallet, DOCUMENTS[3]).json()
    assert described["vct"] == f"{BASE}/vct/student-id/1"
    assert [entry["locale"] for entry in described["display"]] == ["pl", "en"]
    labels = {claim["path"][0]: [d["label"] for d in claim["display"]] for claim in described["claims"]}
    assert labels["student_number"] == ["Numer albumu", "Student number"]
    disclosure = {claim["path"][0]: claim["sd"] for claim in described["claims"]}
    assert (disclosure["pesel"], disclosure["issuing_authority"]) == ("always", "never")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_there_are_no_leftovers_of_drafts(wallet: Wallet, path: str) -> None:
    document = get(wallet, path).json()
    names = set(names_in(document))
    assert not names & {
        "credentials_supported",
        "credential_definition",
        "cryptographic_suites_supported",
        "credential_identifiers_supported",
        "user_pin_required",
        "proof",
        "c_nonce",
        "lang",
        "batch_credential_endpoint",
    }
    assert "vc+sd-jwt" not in re.findall(r"[\w+-]+", json.dumps(document))
    assert "urn:eudi:" not in json.dumps(document)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_address_begins_with_the_base_url(wallet: Wallet, path: str) -> None:
    addresses = re.findall(r'"(https?://[^"]+)"', get(wallet, path).body.decode())
    assert addresses
    assert all(address == BASE or address.startswith(f"{BASE}/") for address in addresses)


@pytest.mark.parametrize("path", [*DOCUMENTS, "/oid4vci/logo.svg"])
def test_documents_are_open_to_browsers_and_cacheable(wallet: Wallet, path: str) -> None:
    reply = get(wallet, path, Origin="https://wallet.example.com")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" not in reply.headers["Cache-Control"]
    assert "Set-Cookie" not in reply.headers
    assert get(wallet, path, **{"If-None-Match": reply.headers["ETag"]}).status == 304


@pytest.mark.parametrize("path", ["token", "nonce", "credential", "notification"])
def test_a_wallet_in_a_browser_may_ask_first(wallet: Wallet, path: str) -> None:
    asked = {
        "Origin": "https://wallet.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    reply = wallet.http("OPTIONS", f"{BASE}/oid4vci/{path}", headers=asked)
    assert reply.status == 200
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


def test_the_logo_is_a_picture_of_our_own(wallet: Wallet, metadata: dict[str, Any]) -> None:
    reply = wallet.http("GET", metadata["display"][0]["logo"]["uri"])
    assert reply.headers["Content-Type"].startswith("image/svg+xml")
    assert ElementTree.fromstring(reply.body).tag.endswith("svg")


def test_nonces_are_not_cached_and_differ(wallet: Wallet) -> None:
    replies = [wallet.http("POST", f"{BASE}/oid4vci/nonce") for _ in range(3)]
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}
    assert {tuple(reply.json()) for reply in replies} == {("c_nonce",)}
    assert len({reply.json()["c_nonce"] for reply in replies}) == 3


def test_answers_with_secrets_are_not_cached(desk: Desk, wallet: Wallet) -> None:
    offer = desk.prepare()
    read = wallet.read_offer(offer.uri)
    path = "/oid4vci/offers/" + offer.uri.rpartition("/")[2]
    token = wallet.token(read, offer.activation_code)
    proof = wallet.proof(read.issuer, wallet.nonce(read))
    card = wallet.credential(read, token.json()["access_token"], proof)
    replies = [token, card, get(wallet, path)]
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}
    assert set(card.json()) == {"credentials", "notification_id"}


def names_in(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from document
        for value in document.values():
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)
