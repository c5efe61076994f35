"""A university's instance directory, made once for all tests of faults; each takes a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.server import Server


@pytest.fixture(scope="session")
def university(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, and a migrated database with the demonstration's people."""
    server = Server(tmp_path_factory.mktemp("university") / "instance")
    server.prepare()
    return server.instance


@pytest.fixture(scope="session")
def found(university: Path) -> Iterator[Callable[..., Server]]:
    """Puts a copy of the university into a directory: its server, which has yet to be started."""
    servers = []

    def copy(directory: Path, **settings: str) -> Server:
        shutil.copytree(university, directory / "instance")
        servers.append(Server(directory / "instance", **settings))
        return servers[-1]

    yield copy
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.kill()
