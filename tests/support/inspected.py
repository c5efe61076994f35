"""A phone that is asked for its card over OpenID4VP 1.0, with libraries that nobody here wrote."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from tests.support.wallet import HeldCard, Reply, Wallet


@dataclass(frozen=True)
class Asked:
    """A request object whose signature and sender were checked."""

    client_id: str
    said: dict[str, Any] = field(repr=False)
    header: dict[str, Any] = field(repr=False)
    certificate: x509.Certificate

    @property
    def claims(self) -> list[str]:
        """What is asked for, besides what every card shows."""
        (query,) = self.said["dcql_query"]["credentials"]
        return [name for claim in query.get("claims", []) for name in claim["path"]]


class Phone:
    """Holds one card; shows it as asked, or otherwise where a test wants that."""

    def __init__(self, wallet: Wallet, card: HeldCard) -> None:
        self.wallet = wallet
        self.card = card

    def read(self, qr: str) -> Asked:
        """What stands behind a verifier's QR, checked as OpenID4VP 1.0 (5.9.3, `x509_hash`) says."""
        query = parse_qs(urlsplit(qr).query, strict_parsing=True)
        reply = self.wallet.http("GET", query["request_uri"][0])
        assert reply.status == 200, reply.body
        assert reply.headers["Content-Type"] == "application/oauth-authz-req+jwt"
        return checked(reply.body.decode(), query["client_id"][0])

    def present(self, asked: Asked, claims: list[str] | None = None, **other: str) -> str:
        """The presentation that answers it; `nonce` and `audience` may be others."""
        audience, nonce = other.get("audience", asked.client_id), other.get("nonce", asked.said["nonce"])
        return self.wallet.present(self.card, asked.claims if claims is None else claims, audience, nonce)

    def show(self, qr: str) -> Reply:
        """Scan, agree, answer."""
        asked = self.read(qr)
        return self.send(asked, self.present(asked))

    def send(self, asked: Asked, presentation: str, **changed: str) -> Reply:
        form = {"vp_token": json.dumps({"card": [presentation]}), "state": asked.said["state"]} | changed
        return self.wallet.post_form(asked.said["response_uri"], form)

    def refuse(self, qr: str, error: str = "access_denied") -> Reply:
        asked = self.read(qr)
        form = {"error": error, "state": asked.said["state"]}
        return self.wallet.post_form(asked.said["response_uri"], form)


def checked(token: str, client_id: str) -> Asked:
    """A signed request object of this client; fails where it is none."""
    jws = JWS()
    jws.deserialize(token)
    header = json.loads(jws.objects["protected"])
    assert header["typ"] == "oauth-authz-req+jwt"
    leaf = base64.b64decode(header["x5c"][0], validate=True)
    digest = base64.urlsafe_b64encode(hashlib.sha256(leaf).digest()).rstrip(b"=").decode()
    assert client_id == f"x509_hash:{digest}"
    certificate = x509.load_der_x509_certificate(leaf)
    jws.verify(JWK.from_pyca(certificate.public_key()), alg="ES256")
    said = json.loads(jws.payload)
    assert said["client_id"] == client_id
    return Asked(client_id, said, header, certificate)
