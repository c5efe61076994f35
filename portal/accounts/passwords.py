"""Password hashes: argon2id with the parameters OWASP recommends (19 MiB, two passes, one lane).

One hash takes about 18 ms of a core, so a flood of log-ins could eat the machine: a gate lets only some hash
at a time, some wait, and sends the rest away at once.
"""

from __future__ import annotations

import base64
import os
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.cores import run_on_any
from portal.gate import Gate

T = TypeVar("T")
SALT_BYTES = 16
HASH_BYTES = 32

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=HASH_BYTES, salt_len=SALT_BYTES
)


_SLOTS = max(1, (os.cpu_count() or 1) // 2)
gate = Gate(slots=_SLOTS, waiting=4, patience=2.0)
# Threads of its own: the requests' threads share one core, which a hash would keep from everybody else.
_workers = ThreadPoolExecutor(_SLOTS, "passwords", run_on_any)


def _in_turn(work: Callable[[], T]) -> T:
    with gate.turn():
        return _workers.submit(work).result()


def hash_password(password: str) -> str:
    """The hash in PHC form, with its own salt. Raises `Busy`."""
    return _in_turn(lambda: _hasher.hash(_normal(password)))


def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password fits the hash. Raises `Busy`.

    Without a hash the answer is no, after the same work: time must not tell which accounts exist.
    """
    try:
        return _in_turn(lambda: _hasher.verify(password_hash or _NOBODY, _normal(password)))
    except (VerificationError, InvalidHashError):
        return False


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _normal(password: str) -> str:
    """One form for letters that keyboards compose differently (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFC", password)


def _nobodys_hash() -> str:
    """A hash that costs as much to check as any and that no password fits."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (SALT_BYTES, HASH_BYTES)
    )
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


_NOBODY = _nobodys_hash()
