"""Compact JWS with ES256 (RFC 7515) and P-256 keys (RFC 7517), nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portal.vc.encoding import json_bytes, unb64
from portal.vc.strict_json import parse_object

ALG = "ES256"
CURVE = "P-256"
LARGEST = 2**20
"""Characters of a token that is read at all."""
_COORDINATE_BYTES = 32


class BadSignature(Exception):
    """The token is signed by somebody else, or was changed since."""


class _Registry(jws.JWSRegistry):
    """Room for a card with its photo, and for header parameters that we needn't know."""

    max_header_length = 65_536
    max_payload_length = LARGEST


_registry = _Registry(algorithms=[ALG], strict_check_header=False)


@dataclass(frozen=True)
class Token:
    """A compact JWS as it says itself, unverified."""

    text: str = field(repr=False)
    header: Mapping[str, Any]
    payload: Mapping[str, Any] = field(repr=False)


def read(text: str) -> Token:
    """The token's header and payload, unverified. Raises `ValueError` where it is no such token."""
    if len(text) > LARGEST or not text.isascii():
        raise ValueError("too long, or not ASCII")
    header, payload, _signature = text.split(".")
    return Token(text, parse_object(unb64(header)), parse_object(unb64(payload)))


def check_signature(token: Token, key: ECKey) -> None:
    """Raises `BadSignature` unless this key signed the token with ES256."""
    header = token.header
    if header.get("alg") != ALG or "crit" in header or "b64" in header:
        raise BadSignature("signed in a way that is not ours")
    try:
        jws.deserialize_compact(token.text, key, algorithms=[ALG], registry=_registry)
    except (JoseError, ValueError) as error:
        raise BadSignature("the signature does not fit") from error


def sign(header: Mapping[str, Any], payload: Mapping[str, Any], key: ECKey) -> str:
    """Compact JWS; `alg` is added to the header."""
    return jws.serialize_compact(
        {"alg": ALG, **header}, json_bytes(payload), key, algorithms=[ALG], registry=_registry
    )


def new_key() -> ECKey:
    return ECKey.generate_key(CURVE, private=True)


def private_key(jwk: Mapping[str, str]) -> ECKey:
    """A key of ours, as `key.as_dict(private=True)` wrote it."""
    return ECKey.import_key(dict(jwk))


def public_jwk(key: ECKey) -> dict[str, str]:
    """The public numbers alone: kty, crv, x, y."""
    members = key.as_dict(private=False)
    return {name: str(members[name]) for name in ("kty", "crv", "x", "y")}


def public_key(jwk: Mapping[str, Any]) -> ECKey:
    """A stranger's public key, made anew from its numbers: whatever else stands in the JWK is left out.

    Raises `ValueError` for anything that is no point on P-256.
    """
    if jwk.get("kty") != "EC" or jwk.get("crv") != CURVE:
        raise ValueError(f"not an EC key on {CURVE}")
    x, y = jwk.get("x"), jwk.get("y")
    if not (isinstance(x, str) and isinstance(y, str)):
        raise ValueError("the key is incomplete")
    point = ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1())
    return ECKey.import_key(point.public_key())


def _number(coordinate: str) -> int:
    raw = unb64(coordinate.rstrip("="))  # some wallets pad
    if len(raw) > _COORDINATE_BYTES:
        raise ValueError("too long")
    return int.from_bytes(raw, "big")
