"""Which keys an issuer signs with: asked of the issuer alone, remembered for a while."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.vc import issuers, jose
from portal.vc.fetch import Answer, Unreachable
from portal.vc.issuers import IssuerKeys, UnknownKey

ISSUER = "https://uni.example/cards"
DOCUMENT = "https://uni.example/.well-known/jwt-vc-issuer/cards"
FIRST, SECOND = jose.new_key(), jose.new_key()


def jwk(key: Any, kid: str | None) -> dict[str, str]:
    return jose.public_jwk(key) | ({} if kid is None else {"kid": kid})


class Issuer:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
        self.documents: dict[str, Any] = {DOCUMENT: {"issuer": ISSUER, "jwks": {"keys": [jwk(FIRST, "1")]}}}
        self.asked: list[str] = []
        self.keys = IssuerKeys(self, lambda: self.now)

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        self.asked.append(url)
        if url not in self.documents:
            raise Unreachable("down")
        return Answer(200, {}, json.dumps(self.documents[url]).encode())

    def publish(self, **content: Any) -> None:
        self.documents[DOCUMENT] = {"issuer": ISSUER, **content}

    def signs_with(self, kid: str | None) -> dict[str, str]:
        return jose.public_jwk(self.keys.key(ISSUER, kid))


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.mark.parametrize(
    ("identifier", "address"),
    [
        ("https://uni.example", "https://uni.example/.well-known/x"),
        ("https://uni.example/", "https://uni.example/.well-known/x"),
        ("https://uni.example:8443/a/b", "https://uni.example:8443/.well-known/x/a/b"),
    ],
)
def test_an_issuers_path_comes_after_the_documents_name(identifier: str, address: str) -> None:
    assert issuers.well_known(identifier, "x") == address


def test_a_key_is_found_by_its_id_and_remembered(issuer: Issuer) -> None:
    for _ in range(3):
        assert issuer.signs_with("1") == jose.public_jwk(FIRST)
    assert issuer.asked == [DOCUMENT]


def test_after_a_while_it_is_asked_for_again(issuer: Issuer) -> None:
    issuer.signs_with("1")
    issuer.now += timedelta(minutes=10)
    issuer.publish(jwks={"keys": [jwk(SECOND, "1")]})
    assert issuer.signs_with("1") == jose.public_jwk(SECOND)


def test_a_new_key_is_found_soon_and_a_made_up_one_asks_seldom(issuer: Issuer) -> None:
    issuer.signs_with("1")
    for _ in range(3):
        with pytest.raises(UnknownKey):
            issuer.signs_with("2")
    assert len(issuer.asked) == 1
    issuer.publish(jwks={"keys": [jwk(FIRST, "1"), jwk(SECOND, "2")]})
    issuer.now += timedelta(seconds=30)
    assert issuer.signs_with("2") == jose.public_jwk(SECOND)


def test_without_an_id_the_only_key_is_meant(issuer: Issuer) -> None:
    issuer.publish(jwks={"keys": [jwk(FIRST, None)]})
    assert issuer.signs_with(None) == jose.public_jwk(FIRST)


def test_without_an_id_none_of_several_is_meant(issuer: Issuer) -> None:
    issuer.publish(jwks={"keys": [jwk(FIRST, "1"), jwk(SECOND, "2")]})
    with pytest.raises(UnknownKey):
        issuer.signs_with(None)


def test_keys_may_stand_in_a_document_of_their_own(issuer: Issuer) -> None:
    issuer.publish(jwks_uri="https://uni.example/keys")
    issuer.documents["https://uni.example/keys"] = {"keys": [{"kty": "RSA"}, "x", jwk(FIRST, "1")]}
    assert issuer.signs_with("1") == jose.public_jwk(FIRST)


@pytest.mark.parametrize(
    "content",
    [
        {"issuer": "https://uni.example/other", "jwks": {"keys": [jwk(FIRST, "1")]}},
        {"issuer": None, "jwks": {"keys": [jwk(FIRST, "1")]}},
        {},
        {"jwks": []},
        {"jwks": {"keys": "x"}},
        {"jwks": {"keys": [jwk(FIRST, "1")] * 51}},
    ],
)
def test_a_document_that_is_no_issuers_is_no_answer(issuer: Issuer, content: dict[str, Any]) -> None:
    issuer.publish(**content)
    with pytest.raises(Unreachable):
        issuer.signs_with("1")


def test_an_issuer_that_is_down_is_left_alone_for_a_while(issuer: Issuer) -> None:
    up = issuer.documents
    issuer.documents = {}
    for _ in range(3):
        with pytest.raises(Unreachable):
            issuer.signs_with("1")
    assert len(issuer.asked) == 1
    issuer.documents = up
    issuer.now += timedelta(seconds=15)
    assert issuer.signs_with("1") == jose.public_jwk(FIRST)
