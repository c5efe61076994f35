"""What `flask restore` refuses: it looks at everything first, and then nothing is changed."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal import create_app
from portal.database import db, unpooled
from tests.conftest import MovingClock, make_settings
from tests.support.people import make_student

PASSPHRASE = "correct horse battery"
CHANGED = "it is no backup of this program, or it was changed or cut short"


@pytest.fixture(scope="module")
def backups(empty_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a plain backup and an encrypted one, of one student."""
    directory = tmp_path_factory.mktemp("backups")
    shutil.copytree(empty_instance, directory / "instance")
    app = create_app(make_settings(directory / "instance"), time=MovingClock())
    make_student(app)
    (directory / "passphrase").write_text(PASSPHRASE)
    for name, words in (("plain", []), ("sealed", ["--passphrase-file", str(directory / "passphrase")])):
        made = app.test_cli_runner().invoke(args=["backup", str(directory / name), *words])
        assert made.exit_code == 0, made.output
    with app.app_context():
        db.engine.dispose()
    return directory


@pytest.fixture
def empty(tmp_path: Path, clock: MovingClock) -> Flask:
    return create_app(make_settings(tmp_path / "elsewhere"), time=clock)


def restore(app: Flask, path: Path, passphrase: Path | None = None) -> Result:
    words = ["--passphrase-file", str(passphrase)] if passphrase else []
    return app.test_cli_runner().invoke(args=["restore", str(path), *words])


def everything(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def one_bit_other(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def without_manifest(content: bytes) -> bytes:
    return changed(content, lambda names: names.pop("manifest.json"))


def with_stranger(content: bytes) -> bytes:
    return changed(content, lambda names: names.update({"keys/stranger": b"x"}))


def remade(path: Path, others: dict[str, bytes]) -> bytes:
    """A backup that fits its manifest, with other files."""

    def change(names: dict[str, bytes]) -> None:
        names.update(others)
        manifest = json.loads(names["manifest.json"])
        for name, data in others.items():
            manifest["members"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        names["manifest.json"] = json.dumps(manifest).encode()

    return changed(path.read_bytes(), change)


def no_backup(_content: bytes) -> bytes:
    return b"a letter"


def changed(content: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The tar with other members."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["plain", "sealed"])
@pytest.mark.parametrize("damage", [half, one_bit_other])
def test_a_file_that_was_cut_or_changed_is_refused(
    empty: Flask, backups: Path, tmp_path: Path, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    refused(empty, damage((backups / kind).read_bytes()), tmp_path, backups / "passphrase")


@pytest.mark.parametrize("damage", [without_manifest, with_stranger, no_backup])
def test_a_file_of_another_make_is_refused(
    empty: Flask, backups: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    refused(empty, damage((backups / "plain").read_bytes()), tmp_path, None)


def refused(app: Flask, content: bytes, directory: Path, passphrase: Path | None) -> None:
    (directory / "backup").write_bytes(content)
    before = everything(directory / "elsewhere")
    result = restore(app, directory / "backup", passphrase)
    assert result.output == f"Error: Nothing was restored: {CHANGED}.\n"
    assert everything(directory / "elsewhere") == before


@pytest.mark.parametrize("name", ["keys/../../../outside", "/keys/lookup", "keys//lookup", "letter"])
def test_a_member_that_is_not_accepted_is_named(
    empty: Flask, backups: Path, tmp_path: Path, name: str
) -> None:
    content = changed((backups / "plain").read_bytes(), lambda names: names.update({name: b"x"}))
    (tmp_path / "backup").write_bytes(content)
    result = restore(empty, tmp_path / "backup")
    assert result.output == f"Error: Nothing was restored: {CHANGED}: it holds '{name}'.\n"
    assert not (tmp_path / "outside").exists()


def test_a_database_beside_which_a_portal_runs_is_left_alone(
    app: Flask, instance: Path, backups: Path
) -> None:
    with (instance / "issuance.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = everything(instance)
        result = restore(app, backups / "plain")
    told = "a portal runs here (it holds issuance.lock): stop it first"
    assert result.output == f"Error: Nothing was restored: {told}.\n"
    assert everything(instance) == before


def test_a_database_file_that_another_process_has_open_is_left_alone(
    app: Flask, instance: Path, backups: Path
) -> None:
    """A portal that neither issues nor sends holds no lock file."""
    portal = sqlite3.connect(instance / "portal.sqlite")
    portal.execute("SELECT * FROM students").fetchall()
    result = restore(app, backups / "plain")
    portal.close()
    told = "another process has the database open: stop the portal and its commands first"
    assert result.output == f"Error: Nothing was restored: {told}.\n"


def test_a_postgresql_that_a_portal_uses_is_left_alone(
    tmp_path: Path, postgres_url: str, backups: Path, clock: MovingClock
) -> None:
    app = create_app(make_settings(tmp_path / "instance", database_url=postgres_url), time=clock)
    with unpooled(postgres_url).connect():
        result = restore(app, backups / "plain")
    told = "another process has the database open: stop the portal and its commands first"
    assert result.output == f"Error: Nothing was restored: {told}.\n"
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("name", ["encryption", "lookup"])
def test_keys_that_no_portal_starts_with_are_not_restored(
    empty: Flask, backups: Path, tmp_path: Path, name: str
) -> None:
    content = remade(backups / "plain", {f"keys/{name}": b""})
    (tmp_path / "backup").write_bytes(content)
    before = everything(tmp_path / "elsewhere")
    result = restore(empty, tmp_path / "backup")
    assert f"Nothing was restored: its keys can't be used: keys/{name} " in result.output
    assert everything(tmp_path / "elsewhere") == before


def test_a_wrong_passphrase_is_refused(empty: Flask, backups: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("incorrect horse")
    result = restore(empty, backups / "sealed", tmp_path / "wrong")
    assert result.output.startswith("Error: Nothing was restored: the passphrase is another one")


def test_a_missing_passphrase_is_asked_for(empty: Flask, backups: Path) -> None:
    assert "it is encrypted, so give its passphrase" in restore(empty, backups / "sealed").output


def test_a_database_with_rows_is_not_overwritten(app: Flask, backups: Path) -> None:
    make_student(app, "200001")
    result = restore(app, backups / "plain")
    assert "Nothing was restored: the database has rows already (in students)" in result.output


def test_keys_that_were_there_are_kept(app: Flask, instance: Path, backups: Path) -> None:
    lookup = (instance / "keys" / "lookup").read_bytes()
    result = restore(app, backups / "plain")
    (before,) = instance.glob("keys.before-*")
    assert f"The keys that were here are in {before}" in result.output
    assert (before / "lookup").read_bytes() == lookup


def test_where_the_database_can_not_be_placed_the_keys_stay(
    tmp_path: Path, backups: Path, clock: MovingClock
) -> None:
    nowhere = f"sqlite:///{tmp_path / 'missing' / 'portal.sqlite'}"
    app = create_app(make_settings(tmp_path / "elsewhere", database_url=nowhere), time=clock)
    before = everything(tmp_path / "elsewhere")
    assert "Nothing was restored: No such file" in restore(app, backups / "plain").output
    assert everything(tmp_path / "elsewhere") == before


def test_the_database_may_stand_on_another_disk(tmp_path: Path, backups: Path, clock: MovingClock) -> None:
    device = tmp_path.stat().st_dev
    disks = [place for place in ("/dev/shm", "/var/tmp") if Path(place).stat().st_dev != device]
    with tempfile.TemporaryDirectory(dir=disks[0]) as disk:
        url = f"sqlite:///{disk}/portal.sqlite"
        app = create_app(make_settings(tmp_path / "elsewhere", database_url=url), time=clock)
        result = restore(app, backups / "plain")
        assert result.exit_code == 0, result.output
        assert (Path(disk) / "portal.sqlite").stat().st_mode & 0o777 == 0o600
        with app.app_context():
            db.engine.dispose()
