"""Small files that hold secrets: mode 0600, made once, never half-written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def _token() -> str:
    return secrets.token_urlsafe(48)


def write_private(path: Path, content: str) -> None:
    """Write `content` so that a reader sees the old file or the whole new one (0600, directory 0700)."""
    private_directory(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _keep_names(path.parent)


def _keep_names(directory: Path) -> None:
    """Have the directory itself written: a key that is used must be there after a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private_directory(path: Path) -> None:
    """Make it, and what is missing above it, for its owner alone."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)


def secret_file(path: Path, make: Callable[[], str] = _token) -> str:
    """The file's content; where there is none, `make` it. Two processes at once agree on one content."""
    private_directory(path.parent)
    if not path.exists():
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        write_private(temporary, make())
        try:
            os.link(temporary, path)  # fails where another process was first
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
            _keep_names(path.parent)
    return path.read_text(encoding="utf-8").strip()
