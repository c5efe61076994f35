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
import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import Flask, current_app
from sqlalchemy import LargeBinary
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

from portal.files import secret_file, write_private
from portal.settings import Settings, SettingsError

_BRING_BACK = "it is empty or damaged, so bring it back from a backup"
_log = logging.getLogger(__name__)


class DecryptionError(Exception):
    """A stored value does not fit any of the keys: a key is missing, or the value was changed."""


class KeyFile:
    """The encryption keys' file: Fernet keys, newest first. The first start makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[str, ...]:
        """Raises `SettingsError` where the file is damaged, and `OSError` where it can't be read."""
        keys = tuple(_kept(self._path, _new_key).split())
        if not keys or not all(_is_fernet(key) for key in keys):
            raise SettingsError(f"{self._path} must hold Fernet keys, newest first: {_BRING_BACK}")
        return keys

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
            try:
                self._use(self.file.read())
            except SettingsError as error:
                _log.error("the keys that were read before stay in use: %s", error)
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


def _is_fernet(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _kept(path: Path, make: Callable[[], str] | None = None) -> str:
    """A key file's text; empty where it is none. Where there is no file, it is made."""
    try:
        text = secret_file(path, make) if make else secret_file(path)
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def init_app(app: Flask, settings: Settings) -> None:
    from portal.encryption_cli import commands  # it needs this module

    load_keys(app, settings)
    app.cli.add_command(commands)


def load_keys(app: Flask, settings: Settings) -> None:
    """Have the application use the keys of settings or instance directory; the first start makes them.

    Raises `SettingsError` where they can't be used, and `OSError` where they can't be kept.
    """
    app.extensions["portal.keyring"] = keyring_of(settings.instance_dir / "keys", settings)


def keyring_of(directory: Path, settings: Settings) -> Keyring:
    """The keys of this directory, or of settings; raises as `load_keys`."""
    lookup_key = _kept(directory / "lookup")
    if not lookup_key:
        raise SettingsError(
            f"{directory / 'lookup'} must hold the key that codes are found by: {_BRING_BACK}"
        )
    if not settings.encryption_keys:
        file = KeyFile(directory / "encryption")
        file.read()  # makes it at the first start
        return Keyring(file, lookup_key)
    if not all(_is_fernet(key) for key in settings.encryption_keys):
        raise SettingsError("PORTAL_ENCRYPTION_KEYS must hold Fernet keys, newest first")
    return Keyring(settings.encryption_keys, lookup_key)


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
