"""The issuer's signing keys: ES256 (P-256), one that signs, older ones that still verify.

They are files in the instance directory, mode 0600. Whoever signs looks at the file first, so a rotation by a
command reaches a running server at once. A rotation destroys the old private key and keeps its public part.
"""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import current_app
from joserfc import jws
from joserfc.jwk import ECKey

from portal.files import private_directory, secret_file, write_private
from portal.vc import jose
from portal.vc.jose import ALG


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
        secret_file(self._path, _new_key)

    def current(self) -> SigningKey:
        """The key that signs now. Raises `OSError` where it can't be read."""
        stat = self._path.stat()
        seen = (stat.st_ino, stat.st_mtime_ns)
        loaded = self._loaded
        if loaded is None or loaded[0] != seen:
            with self._lock:
                loaded = self._loaded = (seen, _load(self._path.read_text(encoding="utf-8")))
        return loaded[1]

    def retired(self) -> list[RetiredKey]:
        """Former keys, public parts only, the latest first."""
        current = self.current().kid
        found = [_load_retired(path) for path in self._directory.glob("retired-*.json")]
        # A rotation that was killed half-way leaves the key that still signs here too.
        return sorted(
            (key for key in found if key.kid != current), key=lambda key: key.retired_at, reverse=True
        )

    def rotate(self, now: datetime) -> tuple[str, str]:
        """Put a new key in the place of the one that signs; answers the old `kid` and the new one."""
        with self._one_process():
            old = _load(self._path.read_text(encoding="utf-8"))
            record = {"jwk": public_jwk(old), "retired_at": now.isoformat()}
            write_private(self._directory / f"retired-{old.kid}.json", json.dumps(record))
            write_private(self._path, _new_key())
            return old.kid, self.current().kid

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


def _load(text: str) -> SigningKey:
    key = ECKey.import_key(json.loads(text))
    return SigningKey(key.thumbprint(), key)


def _load_retired(path: Path) -> RetiredKey:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return RetiredKey(record["jwk"]["kid"], record["jwk"], datetime.fromisoformat(record["retired_at"]))
