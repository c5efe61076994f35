"""Processes that all tests here share: an issuer that nobody here wrote, portals with wallet and inspector.

Their clock is the real one, so the tests' is too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from portal.gate import Gate
from portal.vc.fetch import Outgoing, Reach
from tests.interop.processes import ForeignIssuer


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
