"""No room on the disk: nothing half-written, pages say so and show how things stand, and it passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from portal import create_app
from portal.settings import load
from tests.faults.test_locked import ready
from tests.faults.test_server_process import until
from tests.support.database_file import ask, what_is_wrong
from tests.support.scarcity import SmallDisk, no_longer_files
from tests.support.server import Server
from tests.support.tab import PAGE, Tab, status_on

pytestmark = pytest.mark.faults

Found = Callable[..., Server]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    try:
        disk = SmallDisk(tmp_path_factory.mktemp("small") / "disk", megabytes=24)
    except PermissionError as error:
        pytest.skip(str(error))
    yield disk
    disk.unmount()


@pytest.fixture(scope="module")
def on_the_disk(found: Found, disk: SmallDisk) -> Iterator[Server]:
    server = found(disk.at)
    server.log_file = disk.at.parent / "server.log"
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def limited(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = found(tmp_path_factory.mktemp("limited"))
    server.start()
    yield server
    server.kill()


def check_that_it_passes(
    server: Server, scarce: Callable[[], AbstractContextManager[None]], words: str
) -> None:
    """Somebody has a card to collect; it is revoked while nothing can be written, and again afterwards."""
    tab = ready(server, "100001")
    with scarce():
        answer = tab.press("anuluj")
        assert answer is not None
        page = tab.get(PAGE)
    assert (answer.status_code, page.status_code) == (503, 200)
    assert "chwilowo niedostępny" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert status_on(answer.text) == status_on(page.text) == "ready"
    again = tab.press("anuluj")
    assert again is not None
    assert again.status_code == 303
    assert tab.status == "cancelled"
    assert words in server.log
    assert "Traceback" not in server.log
    assert what_is_wrong(server) == []


def test_a_full_disk_refuses_what_would_be_written_and_all_goes_on_when_there_is_room(
    on_the_disk: Server, disk: SmallDisk
) -> None:
    check_that_it_passes(on_the_disk, disk.full, "is unavailable: database or disk is full")


def test_so_does_a_disk_that_fails_otherwise(limited: Server) -> None:
    def as_long_as_they_are() -> AbstractContextManager[None]:
        return no_longer_files(limited, (limited.instance / "portal.sqlite-wal").stat().st_size)

    check_that_it_passes(limited, as_long_as_they_are, "is unavailable: disk I/O error")


def test_an_import_stops_with_a_sentence_and_can_be_run_again(
    on_the_disk: Server, disk: SmallDisk, university: Path, tmp_path: Path
) -> None:
    """Names change, and photos come along."""
    sample = university / "demo"
    file = tmp_path / "students.csv"
    file.write_text((sample / "students.csv").read_text().replace("Wydział Informatyki", "Wydział Sztuki"))
    words = ["registry", "import", str(file), "--photos", str(sample / "photos")]
    runner = create_app(load(on_the_disk.environ)).test_cli_runner()
    with disk.full():
        stopped = runner.invoke(args=words)
    assert stopped.exit_code == 1
    assert "Import przerwano po zapisaniu 0 osób. Uruchom go ponownie." in stopped.output
    assert runner.invoke(args=words).exit_code == 0
    ((moved,),) = ask(
        on_the_disk.instance, "SELECT count(*) FROM programmes WHERE faculty = 'Wydział Sztuki'"
    )
    assert moved
    assert what_is_wrong(on_the_disk) == []


def test_a_log_that_cannot_be_written_holds_up_nobody(limited: Server) -> None:
    tab = Tab(limited, "100005")
    written = limited.log
    with no_longer_files(limited, 0):
        assert tab.get(PAGE).status_code == 200
        assert tab.order().status_code == 503
    assert limited.log == written
    assert tab.order().status_code == 303
    until(lambda: tab.status == "ready")
    assert "Traceback" not in limited.log
