"""What the wallet keeps is sealed with a 256-bit secret that only the browser's cookie holds.

HKDF-SHA256 (RFC 5869) makes of it: the name under which the wallet is found, the key of cards and errands
(AES-256-GCM), and the key of the PIN's HMAC. None of them leads back to another, and the database holds none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.vc.encoding import b64, json_bytes, unb64

SECRET_BYTES = 32
_NONCE_BYTES = 12


class Broken(Exception):
    """What is sealed belongs elsewhere, or was changed."""


@dataclass(frozen=True)
class Keys:
    """What comes of one cookie's secret."""

    name_hash: str
    """Hex SHA-256 of the derived name: the wallet's place in the database."""
    _seal: AESGCM = field(repr=False)
    _pin: bytes = field(repr=False)

    def pin_check(self, pin: str) -> bytes:
        return hmac.new(self._pin, pin.encode(), hashlib.sha256).digest()

    def seal(self, content: Mapping[str, Any], kind: str, public_id: str) -> bytes:
        """`content` as JSON, good only in this wallet, as this kind of thing, under this id."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, json_bytes(content), self._place(kind, public_id))

    def open(self, sealed: bytes, kind: str, public_id: str) -> dict[str, Any]:
        """What `seal` was given. Raises `Broken`."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            content: dict[str, Any] = json.loads(
                self._seal.decrypt(nonce, rest, self._place(kind, public_id))
            )
        except (InvalidTag, ValueError) as error:
            raise Broken("sealed elsewhere, or changed") from error
        return content

    def _place(self, kind: str, public_id: str) -> bytes:
        return f"{self.name_hash}\0{kind}\0{public_id}".encode()


def new_secret() -> str:
    """For a new cookie: 256 random bits in base64url."""
    return b64(secrets.token_bytes(SECRET_BYTES))


def keys_of(secret: str) -> Keys | None:
    """The keys that a cookie leads to; None where no cookie of ours looks like this."""
    try:
        raw = unb64(secret) if secret.isascii() else b""
    except ValueError:
        return None
    if len(raw) != SECRET_BYTES:
        return None
    name, seal, pin = (_derived(raw, purpose) for purpose in ("name", "seal", "pin"))
    return Keys(hashlib.sha256(name).hexdigest(), AESGCM(seal), pin)


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"kieszonka {purpose}".encode()).derive(secret)
