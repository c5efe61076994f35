"""Small files that hold secrets: mode 0600, made once, never half-written."""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


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


@contextmanager
def made_whole(path: Path) -> Iterator[BinaryIO]:
    """A new file that gets its name only when it is complete and on the disk (0600).

    What an earlier one left behind that was killed is removed. The directory must be there.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        left.unlink()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _keep_names(path.parent)
