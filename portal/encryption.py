"""Encryption at rest and keyed hashes.

Fernet (AES-128-CBC and HMAC-SHA256, `cryptography`) with rotation: the newest key encrypts, older ones still
decrypt. Keyed hashes (HMAC-SHA256) find a secret without keeping it; their key never rotates, so that what
was hashed can still be found. Keys come from a setting, or from a file in the instance directory that the
first start makes.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import Flask, current_app
from sqlalchemy import LargeBinary
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

from portal.files import secret_file
from portal.settings import Settings, SettingsError


class DecryptionError(Exception):
    """A stored value does not fit any of the keys: a key is missing, or the value was changed."""


class Keyring:
    """The portal's symmetric keys."""

    def __init__(self, keys: tuple[str, ...], lookup_key: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._lookup = lookup_key.encode()

    def encrypt(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def decrypt(self, sealed: bytes) -> bytes:
        """Raises `DecryptionError` where no key fits."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise DecryptionError("no key fits this value") from error

    def fingerprint(self, value: str, purpose: str) -> str:
        """Hex HMAC-SHA256 of `value`, for one `purpose` only (64 characters)."""
        return hmac.new(self._lookup, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def init_app(app: Flask, settings: Settings) -> None:
    keys_dir = settings.instance_dir / "keys"
    keys = settings.encryption_keys or tuple(
        secret_file(keys_dir / "encryption", lambda: Fernet.generate_key().decode()).split()
    )
    try:
        app.extensions["portal.keyring"] = Keyring(keys, secret_file(keys_dir / "lookup"))
    except ValueError as error:
        raise SettingsError("PORTAL_ENCRYPTION_KEYS must hold Fernet keys, newest first") from error


def keyring() -> Keyring:
    return cast(Keyring, current_app.extensions["portal.keyring"])


def fingerprint(value: str, purpose: str) -> str:
    """Keyed hash of a secret, to find or compare it; see `Keyring.fingerprint`."""
    return keyring().fingerprint(value, purpose)


class EncryptedText(TypeDecorator[str]):
    """Text that stands encrypted in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().decrypt(value).decode()
