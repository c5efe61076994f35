"""Processes that all tests here share: an issuer that nobody here wrote, portals with wallet and inspector.

Their clock is the real one, so the tests' is too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.gate import Gate
from portal.vc.fetch import Outgoing, Reach
from tests.interop.foreign_verifier import Posts
from tests.interop.processes import ForeignIssuer
from tests.support.server import Server


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignIssuer]:
    issuer = ForeignIssuer(tmp_path_factory.mktemp("campus"))
    issuer.start()
    yield issuer
    issuer.stop()


@pytest.fixture
def http(campus: ForeignIssuer, monkeypatch: pytest.MonkeyPatch) -> Outgoing:
    """HTTP as a portal of the demonstration speaks it, which trusts the foreign issuer's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(campus.certificate))
    reach = Reach("https://wallet.example", local=True)
    return Outgoing(reach, Gate(slots=2, waiting=2, patience=5))


def _portal(directory: Path, campus: ForeignIssuer, **settings: str) -> Iterator[Server]:
    server = Server(directory / "instance", SSL_CERT_FILE=str(campus.certificate), **settings)
    server.prepare()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, campus: ForeignIssuer) -> Iterator[Server]:
    """The portal whose wallet and whose inspector's page are used."""
    yield from _portal(tmp_path_factory.mktemp("home"), campus)


@pytest.fixture(scope="session")
def university(tmp_path_factory: pytest.TempPathFactory, campus: ForeignIssuer) -> Iterator[Server]:
    """Another university's portal, in a process of its own: an issuer that `home` knows nothing of."""
    yield from _portal(
        tmp_path_factory.mktemp("university"),
        campus,
        PORTAL_UNIVERSITY_PL="Uniwersytet Sąsiedni",
        PORTAL_UNIVERSITY_SHORT="UwS",
        PORTAL_WALLET_NAME="inna aplikacja",
    )


@pytest.fixture(scope="session")
def campus_is_trusted(home: Server, campus: ForeignIssuer) -> None:
    """By the administrator of `home`."""
    said = home.command("verifier", "trust", "add", campus.issuer)
    assert "Universidade do Exemplo" in said


@pytest.fixture(scope="session")
def posts(campus: ForeignIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Posts]:
    """One verifier for each kind of question: closing one takes half a second."""
    posts = Posts(campus, tmp_path_factory)
    yield posts
    posts.close()
