"""Key proofs: the wallet shows that it has the key for the card (OpenID4VCI 1.0, F.1 and F.4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portal import clock
from portal.issuer.errors import ProtocolError
from portal.issuer.keys import ALG, CURVE
from portal.issuer.strict_json import parse_object

TYPE = "openid4vci-proof+jwt"
MAX_AGE = timedelta(minutes=5)
MAX_AHEAD = timedelta(minutes=1)
_COORDINATE_BYTES = 32
_LATEST = 2**53
"""Numbers above that are no seconds."""


class _Registry(jws.JWSRegistry):
    """Room for a header with a key in it, and for header parameters that we needn't know."""

    max_header_length = 16_384
    max_payload_length = 16_384


_registry = _Registry(algorithms=[ALG], strict_check_header=False)


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
        header, payload = _parts(token)
        key = _holder_key(header)
        jws.deserialize_compact(token, key, algorithms=[ALG], registry=_registry)
    except (JoseError, ValueError) as error:
        raise _invalid("the proof is no JWT signed by the key in its header") from error
    _check_body(payload, audience)
    # The key anew from its numbers: one spelling, one thumbprint, and no member that the wallet added.
    holder = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return Proof(holder, key.thumbprint(), payload["nonce"])


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.encode("ascii").split(b".")
    return parse_object(_decoded(header)), parse_object(_decoded(payload))


def _decoded(segment: bytes) -> bytes:
    return base64.b64decode(segment + b"=" * (-len(segment) % 4), altchars=b"-_", validate=True)


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
    if jwk.get("kty") != "EC" or jwk.get("crv") != CURVE:
        raise _invalid(f"the key must be an EC key on {CURVE}")
    x, y = jwk.get("x"), jwk.get("y")
    if not (isinstance(x, str) and isinstance(y, str)):
        raise _invalid("the key is incomplete")
    point = ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1())
    return ECKey.import_key(point.public_key())


def _number(coordinate: str) -> int:
    raw = _decoded(coordinate.encode("ascii"))
    if len(raw) > _COORDINATE_BYTES:
        raise ValueError("too long")
    return int.from_bytes(raw, "big")


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
