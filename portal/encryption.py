"""Encryption at rest and keyed hashes.

Fernet (AES-128-CBC and HMAC-SHA256, `cryptography`) with rotation: the newest key encrypts, older ones still
decrypt. Keyed hashes (HMAC-SHA256) find a secret without keeping it; their key never rotates, so that what
was hashed can still be found. Keys come from a setting, or from a file in the instance directory that the
first start makes; a running server notices a new key in that file by itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
from pathlib import Path
from typing import cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import Flask, current_app
from sqlalchemy import LargeBinary
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

from portal.files import secret_file, write_private
from portal.settings import Settings, SettingsError


class DecryptionError(Exception):
    """A stored value does not fit any of the keys: a key is missing, or the value was changed."""


class KeyFile:
    """The encryption keys' file: Fernet keys, newest first. The first start makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[str, ...]:
        return tuple(secret_file(self._path, _new_key).split())

    def version(self) -> tuple[int, int]:
        """Another whenever the file was replaced."""
        status = self._path.stat()
        return status.st_ino, status.st_mtime_ns

    def add(self) -> None:
        """Put a new key before the others. Two commands at once add one after the other."""
        lock_path = self._path.with_name("encryption.lock")
        lock_path.touch(mode=0o600)
        with lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write_private(self._path, "\n".join((_new_key(), *self.read())) + "\n")


class Keyring:
    """The portal's symmetric keys, from a file or from a setting."""

    def __init__(self, source: KeyFile | tuple[str, ...], lookup_key: str) -> None:
        self._lookup = lookup_key.encode()
        self.file = source if isinstance(source, KeyFile) else None
        self._version = self.file.version() if self.file else None
        self._use(source.read() if isinstance(source, KeyFile) else source)

    def _use(self, keys: tuple[str, ...]) -> None:
        fernets = [Fernet(key) for key in keys]
        self._newest, self._all = fernets[0], MultiFernet(fernets)

    def _look_again(self) -> None:
        """Use the file's keys where it has changed."""
        if self.file is not None and (version := self.file.version()) != self._version:
            self._use(self.file.read())
            self._version = version

    def encrypt(self, plain: bytes) -> bytes:
        self._look_again()
        return self._newest.encrypt(plain)

    def decrypt(self, sealed: bytes) -> bytes:
        """Raises `DecryptionError` where no key fits."""
        tried = self._all
        try:
            return tried.decrypt(sealed)
        except InvalidToken as error:
            self._look_again()
            if self._all is not tried:
                return self.decrypt(sealed)
            raise DecryptionError("no key fits this value") from error

    def rotated(self, sealed: bytes) -> bytes | None:
        """The same value under the newest key; None where it is already. Raises `DecryptionError`."""
        self._look_again()
        plain = self.decrypt(sealed)
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return self.encrypt(plain)
        return None

    def fingerprint(self, value: str, purpose: str) -> str:
        """Hex HMAC-SHA256 of `value`, for one `purpose` only (64 characters)."""
        return hmac.new(self._lookup, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def _new_key() -> str:
    return Fernet.generate_key().decode()


def init_app(app: Flask, settings: Settings) -> None:
    from portal.encryption_cli import commands  # it needs this module

    load_keys(app, settings)
    app.cli.add_command(commands)


def load_keys(app: Flask, settings: Settings) -> None:
    """Have the application use the keys of settings or instance directory; the first start makes them."""
    directory = settings.instance_dir / "keys"
    lookup_key = secret_file(directory / "lookup")
    file = KeyFile(directory / "encryption")
    if not settings.encryption_keys:
        file.read()  # makes it at the first start
    try:
        app.extensions["portal.keyring"] = Keyring(settings.encryption_keys or file, lookup_key)
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

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else keyring().encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else keyring().decrypt(value).decode()


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that were sealed by `Keyring.encrypt` before: for what is too large to seal while writing."""

    impl = LargeBinary
    cache_ok = True
