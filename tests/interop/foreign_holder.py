"""A holder that nobody here wrote: `jwcrypto` reads the request, `sd_jwt` or `openvc` shows the card."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from openvc.keys import P256SigningKey
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.holder import SDJWTHolder


@dataclass(frozen=True)
class Asked:
    """What a verifier asks for."""

    client_id: str
    nonce: str
    state: str
    response_uri: str
    credential_query: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        return [claim["path"][0] for claim in self.credential_query.get("claims", [])]


def read(text: str) -> Asked:
    """The request behind a QR, once its signature is that of the certificate that the client id names."""
    (client_id,), (uri,) = (parse_qs(urlsplit(text).query)[name] for name in ("client_id", "request_uri"))
    answer = requests.get(uri, headers={"Accept": "application/oauth-authz-req+jwt"}, timeout=10)
    assert answer.headers["Content-Type"].startswith("application/oauth-authz-req+jwt")
    jws = JWS()
    jws.deserialize(answer.text)
    leaf = base64.b64decode(jws.jose_header["x5c"][0])
    digest = base64.urlsafe_b64encode(hashlib.sha256(leaf).digest()).rstrip(b"=").decode()
    assert client_id == f"x509_hash:{digest}"
    key = x509.load_der_x509_certificate(leaf).public_key()
    jws.verify(JWK.from_pyca(key), alg="ES256")
    assert jws.jose_header["typ"] == "oauth-authz-req+jwt"
    said = json.loads(jws.payload)
    assert (said["client_id"], said["response_mode"]) == (client_id, "direct_post")
    (query,) = said["dcql_query"]["credentials"]
    return Asked(client_id, said["nonce"], said["state"], said["response_uri"], query)


Show = Callable[[str, Asked, JWK], str]


def by_sd_jwt(card: str, asked: Asked, key: JWK) -> str:
    """The reference implementation shows what is asked for, and no more."""
    holder = SDJWTHolder(card)
    holder.create_presentation(dict.fromkeys(asked.names, True), asked.nonce, asked.client_id, key, "ES256")
    return str(holder.sd_jwt_presentation)


def by_openvc(card: str, asked: Asked, key: JWK) -> str:
    """openvc shows the whole card."""
    holder = P256SigningKey.from_jwk(key.export(as_dict=True), "holder")
    return SdJwtVcProofSuite().create_presentation(
        card, holder_key=holder, audience=asked.client_id, nonce=asked.nonce
    )


def send(asked: Asked, presentation: str) -> requests.Response:
    """By `direct_post`."""
    token = json.dumps({asked.credential_query["id"]: [presentation]})
    return requests.post(asked.response_uri, data={"vp_token": token, "state": asked.state}, timeout=10)


def refuse(asked: Asked) -> requests.Response:
    return requests.post(
        asked.response_uri, data={"error": "access_denied", "state": asked.state}, timeout=10
    )
