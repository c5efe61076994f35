"""Key proofs: the wallet shows that it has the key for the card (OpenID4VCI 1.0, F.1 and F.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc.jwk import ECKey

from portal import clock
from portal.issuer.errors import ProtocolError
from portal.vc import jose
from portal.vc.jose import ALG

TYPE = "openid4vci-proof+jwt"
MAX_AGE = timedelta(minutes=5)
MAX_AHEAD = timedelta(minutes=1)
_LATEST = 2**53
"""Numbers above that are no seconds."""


@dataclass(frozen=True)
class Proof:
    holder: Mapping[str, str]
    """The public key as it will stand in the card: kty, crv, x, y and nothing else."""
    thumbprint: str
    nonce: str


def verify(token: str, audience: str) -> Proof:
    """Check everything about the proof but whether its nonce is ours.

    Raises `ProtocolError` (`invalid_proof`).
    """
    try:
        proof = jose.read(token)
        key = _holder_key(proof.header)
        jose.check_signature(proof, key)
    except (jose.BadSignature, ValueError) as error:
        raise _invalid("the proof is no JWT signed by the key in its header") from error
    _check_body(proof.payload, audience)
    return Proof(jose.public_jwk(key), key.thumbprint(), proof.payload["nonce"])


def _holder_key(header: Mapping[str, Any]) -> ECKey:
    if header.get("typ") != TYPE:
        raise _invalid(f"typ must be {TYPE}")
    if header.get("alg") != ALG:
        raise _invalid(f"alg must be {ALG}")
    if any(name in header for name in ("kid", "x5c", "crit", "b64")):
        raise _invalid("the key must be given by jwk alone, without extensions")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict):
        raise _invalid("the header lacks jwk")
    if "d" in jwk:
        raise _invalid("jwk holds a private key")
    # Made anew from its numbers: one spelling, one thumbprint, and no member that the wallet added.
    return jose.public_key(jwk)


def _check_body(payload: Mapping[str, Any], audience: str) -> None:
    if payload.get("aud") != audience:
        raise _invalid("aud must be the credential issuer identifier")
    issued_at = payload.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float) or abs(issued_at) > _LATEST:
        raise _invalid("iat is missing or no time")
    age = clock.now().timestamp() - issued_at
    if not -MAX_AHEAD.total_seconds() <= age <= MAX_AGE.total_seconds():
        raise _invalid("iat is too old or in the future")
    nonce = payload.get("nonce")
    if not isinstance(nonce, str) or not nonce.isascii():
        raise _invalid("the proof lacks a nonce")


def _invalid(description: str) -> ProtocolError:
    return ProtocolError("invalid_proof", description)
