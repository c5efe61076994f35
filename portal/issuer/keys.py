"""The issuer's signing keys: ES256 (P-256), one that signs, older ones that still verify.

They are files in the instance directory, mode 0600. Whoever signs looks at the file first, so a rotation by a
command reaches a running server at once. A rotation destroys the old private key and keeps its public part.
Whether the key may sign at all `portal.issuer.signing` says.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import current_app
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portal.files import private_directory, secret_file, write_private
from portal.vc import jose
from portal.vc.jose import ALG, CURVE


class DamagedKey(Exception):
    """A file that should hold a key and doesn't; the text names it, and nothing of what it holds."""


@dataclass(frozen=True)
class SigningKey:
    kid: str
    """RFC 7638 thumbprint."""
    key: ECKey

    def sign(self, typ: str, payload: bytes) -> str:
        """Compact JWS with this key's `kid` and the media type `typ`."""
        header = {"alg": ALG, "typ": typ, "kid": self.kid}
        return jws.serialize_compact(header, payload, self.key, algorithms=[ALG])


@dataclass(frozen=True)
class RetiredKey:
    kid: str
    jwk: dict[str, str]
    retired_at: datetime


class KeyStore:
    """The keys of one instance directory; safe for several threads and processes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "current.json"
        self._lock = threading.Lock()
        self._loaded: tuple[tuple[int, int], SigningKey] | None = None
        private_directory(directory)
        if not directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))

    def exists(self) -> bool:
        """Whether a file stands in the place of the key that signs."""
        return self._path.exists()

    def made(self) -> SigningKey:
        """The key that signs now, made where there is none. Raises as `current`."""
        if not self.exists():
            secret_file(self._path, _new_key)
        return self.current()

    def current(self) -> SigningKey:
        """The key that signs now.

        Raises `FileNotFoundError` where none was made or it was lost, `OSError` where it can't be read, and
        `DamagedKey`.
        """
        stat = self._path.stat()
        seen = (stat.st_ino, stat.st_mtime_ns)
        loaded = self._loaded
        if loaded is None or loaded[0] != seen:
            with self._lock:
                loaded = self._loaded = (seen, _load(self._path))
        return loaded[1]

    def retired(self) -> list[RetiredKey]:
        """Former keys, public parts only, the latest first. Raises `DamagedKey`, `OSError`."""
        signs = self._signs()
        found = [_load_retired(path) for path in self._directory.glob("retired-*.json")]
        # A rotation that was killed half-way leaves the key that still signs here too.
        return sorted(
            (key for key in found if key.kid not in signs), key=lambda key: key.retired_at, reverse=True
        )

    def here(self) -> frozenset[str]:
        """The `kid`s of all keys that are here, by the names of their files. Raises `OSError`."""
        return self._signs() | self._named("retired-", ".json")

    def given_up(self) -> frozenset[str]:
        """The `kid`s of keys that are lost for good, as an administrator said."""
        return self._named("lost-")

    def give_up(self, kid: str, now: datetime) -> None:
        """Write down that this key is lost for good: a file among the keys, so that copies of them say it."""
        write_private(self._directory / f"lost-{kid}", now.isoformat())

    def rotate(self, now: datetime) -> tuple[str, str]:
        """Put a new key in the place of the one that signs; answers the old `kid` and the new one.

        Raises as `current`.
        """
        with self._one_process():
            old = _load(self._path)
            record = {"jwk": public_jwk(old), "retired_at": now.isoformat()}
            write_private(self._directory / f"retired-{old.kid}.json", json.dumps(record))
            write_private(self._path, _new_key())
            return old.kid, self.current().kid

    def _signs(self) -> frozenset[str]:
        try:
            return frozenset((self.current().kid,))
        except (FileNotFoundError, DamagedKey):
            return frozenset()

    def _named(self, start: str, end: str = "") -> frozenset[str]:
        found = self._directory.glob(f"{start}*{end}")
        return frozenset(path.name.removeprefix(start).removesuffix(end) for path in found)

    @contextmanager
    def _one_process(self) -> Iterator[None]:
        private_directory(self._directory)
        with (self._directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def key_store() -> KeyStore:
    return cast(KeyStore, current_app.extensions["portal.issuer.keys"])


def public_jwk(key: SigningKey) -> dict[str, str]:
    """The public part as it stands in a JWK Set."""
    public = {name: str(value) for name, value in key.key.as_dict(private=False).items()}
    return {**public, "kid": key.kid, "use": "sig", "alg": ALG}


def _new_key() -> str:
    return json.dumps(jose.new_key().as_dict(private=True))


def _load(path: Path) -> SigningKey:
    try:
        key = ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))
        if not key.is_private or key.curve_name != CURVE:
            raise ValueError("another kind of key")
        return SigningKey(key.thumbprint(), key)
    # What joserfc and cryptography raise depends on how a file is damaged; their texts may quote it.
    except (ValueError, TypeError, KeyError, AttributeError, JoseError):
        raise DamagedKey(f"{path} holds no signing key") from None


def _load_retired(path: Path) -> RetiredKey:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        jwk = {str(name): str(value) for name, value in record["jwk"].items()}
        jose.public_key(jwk)
        return RetiredKey(jwk["kid"], jwk, datetime.fromisoformat(record["retired_at"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DamagedKey(f"{path} holds no former signing key") from None
