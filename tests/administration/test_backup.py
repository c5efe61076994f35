"""`flask backup` and `flask restore`, rehearsed: another machine goes on where the first one stood."""

from __future__ import annotations

import resource
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask

from portal import create_app
from portal.administration import backup
from portal.database import db
from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.support.doctor import well
from tests.support.lived_in import COLLECTED, EXTENDED, REVOKED, Department, live_a_little
from tests.support.postgres import Cluster
from tests.support.wallet import FlaskHttp, Wallet

PASSPHRASE = "correct horse battery"
Elsewhere = Callable[..., Flask]


def run(app: Flask, *words: str | Path) -> Result:
    result = app.test_cli_runner().invoke(args=[str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def department(app: Flask, clock: MovingClock) -> Department:
    return live_a_little(app, clock)


@pytest.fixture
def kept(app: Flask, department: Department, tmp_path: Path) -> Path:
    """A backup of the department."""
    assert run(app, "backup", tmp_path / "kept").exit_code == 0
    return tmp_path / "kept"


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the passphrase, named in the environment."""
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("PORTAL_BACKUP_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    return tmp_path / "passphrase"


@pytest.fixture
def elsewhere(tmp_path: Path, clock: MovingClock) -> Iterator[Elsewhere]:
    """Another machine, on which nothing is yet."""
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        made.append(create_app(make_settings(tmp_path / f"elsewhere-{len(made)}", **changes), time=clock))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def taken_out(path: Path) -> Iterator[dict[str, bytes]]:
    """The members of a backup that is not encrypted."""
    with tarfile.open(path) as tar:
        yield {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def statuses(app: Flask, department: Department, clock: MovingClock) -> list[int]:
    """What an inspector who asks this machine is told of the phones' cards."""
    wallet = Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
    return [wallet.status(department.cards[album]) for album in (COLLECTED, EXTENDED, REVOKED)]


def test_a_backup_comes_back_on_another_machine(
    elsewhere: Elsewhere, department: Department, kept: Path, clock: MovingClock
) -> None:
    other = elsewhere()
    result = run(other, "restore", kept)
    assert "Restored what was backed up at 2026-11-20T11:00:00+00:00: " in result.output
    assert statuses(other, department, clock) == [0, 0, 1]
    assert well(other)


def test_it_comes_back_in_postgresql_and_from_there_in_sqlite(
    elsewhere: Elsewhere, postgres: Cluster, department: Department, kept: Path, clock: MovingClock
) -> None:
    large = elsewhere(database_url=postgres.url(postgres.create()))
    run(large, "restore", kept)
    assert statuses(large, department, clock) == [0, 0, 1]
    assert run(large, "backup", kept).exit_code == 0
    small = elsewhere()
    run(small, "restore", kept)
    assert statuses(small, department, clock) == [0, 0, 1]
    assert well(large)
    assert well(small)


def test_doctor_has_the_last_word(elsewhere: Elsewhere, kept: Path) -> None:
    other = elsewhere(encryption_keys=(Fernet.generate_key().decode(),))
    result = run(other, "restore", kept)
    assert result.exit_code == 1
    assert "problem  encryption: no key opens: " in result.output


def test_encrypted_it_says_nothing_and_opens_with_the_passphrase(
    app: Flask, elsewhere: Elsewhere, department: Department, secret: Path, clock: MovingClock
) -> None:
    path = secret.with_name("sealed")
    assert "not encrypted" not in run(app, "backup", path).output
    content = path.read_bytes()
    assert not [word for word in (b"SQLite format", b"manifest", b"Anna", b"100001") if word in content]
    other = elsewhere()
    run(other, "restore", path)
    assert statuses(other, department, clock) == [0, 0, 1]


WHITE = f"  {PASSPHRASE}\t\n"


@pytest.mark.usefixtures("department")
def test_a_passphrase_opens_what_an_older_program_sealed_with_its_white_space(
    app: Flask, elsewhere: Elsewhere, secret: Path
) -> None:
    with app.app_context():
        backup.make(secret.with_name("sealed"), WHITE.strip("\r\n"))
    secret.write_text(WHITE)
    words = ("restore", secret.with_name("sealed"), "--passphrase-file", secret)
    assert "Restored" in run(elsewhere(), *words).output


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_passphrase_that_is_no_text_is_told(app: Flask, secret: Path, command: str) -> None:
    secret.write_bytes(b"\xff\xfe" * 20)
    result = run(app, command, secret, "--passphrase-file", secret)
    assert result.output == f"Error: {secret} cannot be read: it is not UTF-8 text.\n"


@pytest.mark.usefixtures("department")
@pytest.mark.parametrize("text", ["short", f"  short{' ' * 10}\t\n"], ids=["plain", "with white space"])
def test_a_short_passphrase_is_refused(app: Flask, secret: Path, tmp_path: Path, text: str) -> None:
    secret.write_text(text)
    result = run(app, "backup", tmp_path / "kept", "--passphrase-file", secret)
    assert "A passphrase has at least 12 characters." in result.output


def test_it_is_its_owners_alone_and_says_what_it_holds(app: Flask, kept: Path) -> None:
    assert kept.stat().st_mode & 0o777 == 0o600
    with taken_out(kept) as members:
        assert {"database.sqlite", "keys/encryption", "keys/lookup", "keys/issuer/current.json"} <= set(
            members
        )
        assert list(members)[-1] == "manifest.json"


ODD = ("verifier/certificate.pem~", "encryption (2026)", "#lookup#", "old/.of spring/Schlüssel", "\udcff")


def test_what_else_lies_among_the_keys_comes_back_whatever_its_name(
    app: Flask, elsewhere: Elsewhere, settings: Settings, tmp_path: Path
) -> None:
    """It may be a key that somebody put aside."""
    for name in ODD:
        (settings.instance_dir / "keys" / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.instance_dir / "keys" / name).write_text(name, errors="surrogateescape")
    assert run(app, "backup", tmp_path / "kept").exit_code == 0
    other = elsewhere()
    assert "Restored" in run(other, "restore", tmp_path / "kept").output
    keys = other.extensions["portal.settings"].instance_dir / "keys"
    assert [(keys / name).read_text(errors="surrogateescape") for name in ODD] == list(ODD)


def test_keys_from_a_setting_are_in_it(
    instance: Path, tmp_path: Path, clock: MovingClock, department: Department
) -> None:
    key = Fernet.generate_key().decode()
    app = create_app(make_settings(instance, encryption_keys=(key,)), time=clock)
    assert run(app, "backup", tmp_path / "kept").exit_code == 0
    with taken_out(tmp_path / "kept") as members:
        assert members["keys/encryption"].decode().split() == [key]


def test_a_backup_that_fails_leaves_the_former_one(
    app: Flask, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = kept.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.Writer, "close", full)
    result = run(app, "backup", kept)
    assert "There is no backup: No space left on device." in result.output
    assert kept.read_bytes() == former
    assert [path.name for path in kept.parent.iterdir() if path.name.startswith(".")] == []


@contextmanager
def files_may_grow_to(size: int) -> Iterator[None]:
    """What a full disk looks like to who writes; in bytes."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def left_behind(settings: Settings) -> list[Path]:
    return list(settings.instance_dir.glob(".backup-*"))


def test_a_full_disk_is_told(app: Flask, kept: Path, settings: Settings) -> None:
    former = kept.read_bytes()
    with files_may_grow_to(100_000):
        result = run(app, "backup", kept)
    assert result.exit_code == 1
    assert result.output == "Error: There is no backup: the database can't be copied (disk I/O error).\n"
    assert kept.read_bytes() == former
    assert left_behind(settings) == []


def test_a_damaged_database_is_told(app: Flask, settings: Settings) -> None:
    with app.app_context():
        db.engine.dispose()
    (settings.instance_dir / "portal.sqlite").write_bytes(b"\xff" * 4096)
    result = run(app, "backup", settings.instance_dir / "kept")
    assert result.exit_code == 1
    told = "the database can't be copied (file is not a database)"
    assert result.output == f"Error: There is no backup: {told}.\n"
    assert list(settings.instance_dir.glob("*kept*")) + left_behind(settings) == []


def test_what_a_killed_backup_has_left_is_removed_by_the_next(
    app: Flask, kept: Path, settings: Settings
) -> None:
    left = [kept.with_name(f".{kept.name}.00.part"), settings.instance_dir / ".backup-00"]
    left[0].write_text("half")
    left[1].mkdir()
    run(app, "backup", kept)
    assert [path for path in left if path.exists()] == []


def test_what_is_written_meanwhile_does_not_tear_it(app: Flask, kept: Path, settings: Settings) -> None:
    """Somebody is in the middle of a transaction: the backup has nothing of it."""
    writer = sqlite3.connect(settings.instance_dir / "portal.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE students SET surname = 'Nowa'")
    assert run(app, "backup", kept).exit_code == 0
    writer.close()
    with taken_out(kept) as members:
        assert b"Nowa" not in members["database.sqlite"]
