"""Disks that are full, for real: a small file system of its own, or a limit on how long files may become."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.server import Server


class SmallDisk:
    """A file system in memory. Raises `PermissionError` where none may be mounted here."""

    def __init__(self, at: Path, megabytes: int) -> None:
        at.mkdir()
        self.at = at
        words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(at)]
        if subprocess.run(words, check=False, capture_output=True).returncode != 0:
            raise PermissionError("no file system can be mounted here")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not one more byte fits."""
        filler = self.at / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            filler.unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.at)], check=True)


@contextmanager
def no_longer_files(server: Server, longest: int) -> Iterator[None]:
    """The server's processes can write nothing behind the first `longest` bytes of any file."""
    assert server.process is not None
    main = psutil.Process(server.process.pid)
    processes = [main, *main.children(recursive=True)]
    before = [process.rlimit(resource.RLIMIT_FSIZE) for process in processes]
    for process, (_soft, hard) in zip(processes, before, strict=True):
        process.rlimit(resource.RLIMIT_FSIZE, (longest, hard))
    try:
        yield
    finally:
        for process, limits in zip(processes, before, strict=True):
            process.rlimit(resource.RLIMIT_FSIZE, limits)
