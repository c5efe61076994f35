"""The rehearsal: a backup while the portal runs, the machine is lost, another one goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.student import PAGE, Student
from tests.support.server import BIN, ROOT, Server
from tests.support.wallet import HeldCard, RequestsHttp, Wallet


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, HeldCard]]:
    """A backup, the address of the machine that is lost since, and what the phones hold."""
    server = Server(tmp_path_factory.mktemp("first") / "instance")
    server.prepare()
    server.start()
    kept = server.instance.parent / "kept"
    cards = {}
    try:
        for album in ("100001", "100002"):
            student = Student(server, album)
            codes = student.order()
            cards[album] = Wallet(RequestsHttp()).collect(codes.text, codes.activation_code)
        student.revoke()
        server.command("backup", str(kept))
    finally:
        server.kill()
    return kept, server.url, cards


@pytest.fixture
def second(lost: tuple[Path, str, dict[str, HeldCard]], tmp_path: Path) -> Iterator[Server]:
    """Another machine under the same address."""
    kept, url, _cards = lost
    server = Server(tmp_path / "instance")
    server.url, server.port = url, int(url.rpartition(":")[2])
    server.environ["PORTAL_BASE_URL"] = url
    words = [BIN / "flask", "--app", "portal", "restore", kept]
    told = subprocess.run(words, cwd=ROOT, env=server.environ, capture_output=True, text=True, check=False)
    assert told.stdout.startswith("Restored what was backed up at "), told.stderr
    server.start()
    yield server
    server.kill()


@pytest.mark.faults
def test_students_and_inspectors_notice_nothing(
    second: Server, lost: tuple[Path, str, dict[str, HeldCard]]
) -> None:
    _kept, _url, cards = lost
    phone = Wallet(RequestsHttp())
    assert phone.verified(cards["100001"].credential, second.url)["family_name"] == "Źródlana"
    assert [phone.status(cards[album]) for album in ("100001", "100002")] == [0, 1]
    student = Student(second, "100001")
    student.browser.open(PAGE)
    assert student.browser.page.all(id="revoke-card")
    assert Student(second, "100004").order().text.startswith("openid-credential-offer://")
