"""An answer that only the verifier can read: `direct_post.jwt` (OpenID4VP 1.0, 8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwe

from portal.vc import jose
from portal.vc.encoding import json_bytes
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import optional_text

ALG = "ECDH-ES"
ENCS = ("A128GCM", "A256GCM")
"""The first one where the verifier doesn't say (OpenID4VP 1.0, 5.1)."""


@dataclass(frozen=True)
class Recipient:
    """Whom an answer is encrypted to: the key's public numbers, its id, and how the content is encrypted."""

    jwk: Mapping[str, str]
    kid: str | None
    enc: str


def recipient(metadata: Any) -> Recipient:
    """The first key of the verifier's metadata that will do. Raises `WalletError` where none does."""
    said = metadata if isinstance(metadata, dict) else {}
    encs = said.get("encrypted_response_enc_values_supported", [ENCS[0]])
    enc = next((one for one in ENCS if isinstance(encs, list) and one in encs), None)
    jwks = said.get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    for jwk in keys if isinstance(keys, list) else []:
        if enc is None or not isinstance(jwk, dict) or jwk.get("alg") != ALG:
            continue
        try:
            key = jose.public_key(jwk)
        except ValueError:
            continue
        return Recipient(jose.public_jwk(key), optional_text(jwk, "kid"), enc)
    raise WalletError(Problem.UNSUPPORTED)


def encrypted(to: Recipient, said: Mapping[str, Any]) -> str:
    """A compact JWE of the answer's parameters."""
    header = {"alg": ALG, "enc": to.enc, **({"kid": to.kid} if to.kid else {})}
    return jwe.encrypt_compact(header, json_bytes(said), jose.public_key(to.jwk), algorithms=[ALG, *ENCS])
