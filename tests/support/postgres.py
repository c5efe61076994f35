"""A PostgreSQL of the tests' own: Debian's program, a cluster in a directory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "'Europe/Warsaw'",  # whoever relies on the server's zone shall notice
}


def _programs() -> Path:
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL is missing: run  apt-get install postgresql  as root")
    return found[-1].parent


class Cluster:
    """One server with its own files, reached over a socket in its directory. `durable` as when installed."""

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = _programs()
        self.directory = Path(tempfile.mkdtemp(prefix="pg-"))
        self._data = self.directory / "data"
        # It refuses to run as root: then it is Debian's user of that name.
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.getuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
            self.directory.chmod(0o755)
        else:
            self._as = []
        self._run("initdb", "-D", self._data, "-U", "portal", "-A", "trust", "-E", "UTF8", "--no-sync")
        left_out = ("fsync", "full_page_writes") if durable else ()
        lines = [f"{name} = {value}\n" for name, value in _SETTINGS.items() if name not in left_out]
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines([f"unix_socket_directories = '{self.directory}'\n", *lines])
        self._numbers = count(1)
        self.start()

    def _run(self, program: str, *words: str | Path) -> None:
        subprocess.run(
            [*self._as, self._programs / program, *words],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-s", "-l", self.directory / "log", "start")

    def stop(self, how: str = "fast") -> None:
        """`how`: ``fast`` ends all connections; ``immediate`` is like a power cut."""
        self._run("pg_ctl", "-D", self._data, "-w", "-s", "-m", how, "stop")

    def url(self, name: str) -> str:
        """As `PORTAL_DATABASE_URL` wants it."""
        return f"postgresql+psycopg://portal@/{name}?host={self.directory}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of `template`; its name."""
        name = f"portal_{next(self._numbers)}"
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        address = f"host={self.directory} user=portal dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)
