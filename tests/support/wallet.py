"""A small wallet: takes a card over HTTP like any app that speaks OpenID4VCI 1.0, keeps it, shows it.

It knows nothing of the portal's code. How it speaks HTTP is handed to it: `FlaskHttp` for an application in
this process, `RequestsHttp` for a real server, which may be dialled elsewhere than its address says (an
issuer has to be https, a server in a test is not).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from flask import Flask
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from openvc.status import decode_status_list, get_status
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        return self.json().get("error")


class Http(Protocol):
    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply: ...


class FlaskHttp:
    """Straight into an application of this process."""

    def __init__(self, app: Flask, address: str = "192.0.2.7") -> None:
        self._app = app
        self._address = address

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        parts = urlsplit(url)
        answer = self._app.test_client().open(
            parts.path,
            method=method,
            base_url=f"{parts.scheme}://{parts.netloc}",
            query_string=parts.query,
            headers=dict(headers or {}),
            data=body,
            environ_base={"REMOTE_ADDR": self._address},
        )
        return Reply(answer.status_code, answer.headers, answer.data)


class RequestsHttp:
    """Over the network. `dial` turns an address into the one to connect to; the Host stays as it was."""

    def __init__(self, dial: Callable[[str], str] = lambda url: url) -> None:
        self._session = requests.Session()
        self._dial = dial

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        sent = {**(headers or {}), "Host": urlsplit(url).netloc}
        answer = self._session.request(
            method, self._dial(url), headers=sent, data=body, timeout=10, allow_redirects=False
        )
        return Reply(answer.status_code, answer.headers, answer.content)


class Refused(Exception):
    """The issuer said no; `reply` holds its words."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status}: {reply.body[:300]!r}")
        self.reply = reply


@dataclass(frozen=True)
class ReadOffer:
    issuer: str
    code: str
    raw: Mapping[str, Any]
    metadata: Mapping[str, Any]
    server: Mapping[str, Any]


@dataclass(frozen=True)
class HeldCard:
    """A card as the wallet keeps it, with what came along."""

    credential: str
    notification_id: str
    access_token: str
    offer: ReadOffer
    claims: Mapping[str, Any] = field(repr=False)
    """All of them, as verified and disclosed by the reference implementation."""
    refresh_token: str = field(default="", repr=False)


class Wallet:
    """One phone: one key, any number of cards."""

    def __init__(self, http: Http, clock: Callable[[], float] = time.time) -> None:
        self.http = http
        self.clock = clock
        self.key = new_key()

    def collect(self, qr: str, activation_code: str) -> HeldCard:
        """The whole way from the scanned QR to the card. Raises `Refused`."""
        offer = self.read_offer(qr)
        got = self._good(self.token(offer, activation_code))
        return self.fetch(offer, got["access_token"], got["refresh_token"])

    def refresh(self, card: HeldCard) -> HeldCard:
        """A new copy without new codes. Raises `Refused`; then `card` can be tried again."""
        got = self._good(self.refreshed(card))
        return self.fetch(card.offer, got["access_token"], got["refresh_token"])

    def refreshed(self, card: HeldCard, **more: str) -> Reply:
        """What the token endpoint says to the card's refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": card.refresh_token, **more}
        return self.post_form(card.offer.server["token_endpoint"], form)

    def fetch(self, offer: ReadOffer, token: str, refresh_token: str = "") -> HeldCard:
        """A copy of the card with a token got before. Raises `Refused`."""
        proof = self.proof(offer.issuer, self.nonce(offer))
        answer = self._good(self.credential(offer, token, proof))
        (entry,) = answer["credentials"]
        credential = entry["credential"]
        claims = self.verified(credential, offer.issuer)
        return HeldCard(credential, answer["notification_id"], token, offer, claims, refresh_token)

    def read_offer(self, qr: str) -> ReadOffer:
        """What stands behind a QR, with the issuer's metadata. Raises `Refused`."""
        parts = urlsplit(qr)
        assert parts.scheme == "openid-credential-offer", qr
        (uri,) = parse_qs(parts.query, strict_parsing=True)["credential_offer_uri"]
        raw = self._good(self.http("GET", uri, headers={"Accept": "application/json"}))
        issuer = raw["credential_issuer"]
        metadata = self._good(self.http("GET", issuer + "/.well-known/openid-credential-issuer"))
        server = self._good(self.http("GET", issuer + "/.well-known/oauth-authorization-server"))
        assert metadata["credential_issuer"] == server["issuer"] == issuer
        return ReadOffer(issuer, raw["grants"][PRE_AUTHORIZED]["pre-authorized_code"], raw, metadata, server)

    def token(self, offer: ReadOffer, activation_code: str | None, **more: str) -> Reply:
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": offer.code, **more}
        if activation_code is not None:
            form["tx_code"] = activation_code
        return self.post_form(offer.server["token_endpoint"], form)

    def nonce(self, offer: ReadOffer) -> str:
        return self._good(self.http("POST", offer.metadata["nonce_endpoint"]))["c_nonce"]

    def proof(
        self,
        audience: str,
        nonce: str | None,
        *,
        header: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: JWK | None = None,
    ) -> str:
        """A key proof; `header` and `body` change or (with None) remove what it says."""
        key = key or self.key
        head = {
            "typ": "openid4vci-proof+jwt",
            "alg": "ES256",
            "jwk": key.export_public(as_dict=True),
            **(header or {}),
        }
        said = {"aud": audience, "iat": int(self.clock()), "nonce": nonce, **(body or {})}
        return sign(_without_none(head), _without_none(said), key)

    def credential(self, offer: ReadOffer, token: str, *proofs: str, **more: Any) -> Reply:
        (configuration,) = offer.raw["credential_configuration_ids"]
        asked = {"credential_configuration_id": configuration, "proofs": {"jwt": list(proofs)}, **more}
        return self.post_json(offer.metadata["credential_endpoint"], _without_none(asked), token)

    def notify(self, card: HeldCard, event: str, **more: Any) -> Reply:
        said = {"notification_id": card.notification_id, "event": event, **more}
        return self.post_json(card.offer.metadata["notification_endpoint"], said, card.access_token)

    def present(self, card: HeldCard, disclose: list[str], audience: str, nonce: str) -> str:
        """An SD-JWT+KB that shows these claims and no others."""
        holder = SDJWTHolder(card.credential)
        shown = dict.fromkeys(disclose, True)
        holder.create_presentation(shown, nonce, audience, self.key, "ES256")
        return holder.sd_jwt_presentation

    def verified(self, credential: str, issuer: str) -> Mapping[str, Any]:
        """The card's claims by the reference implementation, with the key that its issuer publishes."""
        return SDJWTVerifier(credential, self.issuer_key).get_verified_payload()

    def issuer_key(self, issuer: str, header: Mapping[str, Any]) -> JWK:
        published = self._good(self.http("GET", issuer + "/.well-known/jwt-vc-issuer"))
        assert published["issuer"] == issuer
        (jwk,) = [key for key in published["jwks"]["keys"] if key["kid"] == header["kid"]]
        return JWK(**jwk)

    def status(self, card: HeldCard) -> int:
        """0: valid, 1: invalid, as the status list says now."""
        place = card.claims["status"]["status_list"]
        said = self.status_list(place["uri"])
        assert said["sub"] == place["uri"]
        packed = decode_status_list(said["status_list"]["lst"])
        return get_status(packed, place["idx"], bits=said["status_list"]["bits"])

    def status_list(self, uri: str) -> Mapping[str, Any]:
        """The verified content of a status list token. Raises `Refused`."""
        reply = self.http("GET", uri, headers={"Accept": "application/statuslist+jwt"})
        if reply.status != 200:
            raise Refused(reply)
        jws = JWS()
        jws.deserialize(reply.body.decode())
        issuer = json.loads(_raw(reply.body.decode().split(".")[1]))["iss"]
        jws.verify(self.issuer_key(issuer, jws.jose_header), alg="ES256")
        assert jws.jose_header["typ"] == "statuslist+jwt"
        return json.loads(jws.payload)

    def post_form(self, url: str, form: Mapping[str, str] | list[tuple[str, str]]) -> Reply:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.http("POST", url, headers=headers, body=urlencode(form).encode())

    def post_json(self, url: str, said: Any, token: str | None = None) -> Reply:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return self.http("POST", url, headers=headers, body=body)

    @staticmethod
    def _good(reply: Reply) -> Any:
        if reply.status != 200:
            raise Refused(reply)
        return reply.json()


def new_key() -> JWK:
    return JWK.generate(kty="EC", crv="P-256")


def sign(header: Mapping[str, Any], payload: Mapping[str, Any], key: JWK) -> str:
    jws = JWS(json.dumps(payload).encode())
    jws.add_signature(key, None, json.dumps(header), None)
    return jws.serialize(compact=True)


def parts_of(credential: str) -> tuple[dict[str, Any], dict[str, Any], list[list[Any]]]:
    """Header, payload and disclosures of an SD-JWT, unverified."""
    token, *disclosures = credential.split("~")
    header, payload, _ = token.split(".")
    return (
        json.loads(_raw(header)),
        json.loads(_raw(payload)),
        [json.loads(_raw(disclosure)) for disclosure in disclosures if disclosure],
    )


def _raw(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _without_none(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}
