"""The administrator's small scripts in `deploy/`, run with the places of a directory."""

from __future__ import annotations

import os
import string
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.server import ROOT


def program(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """Where backups go, beside a program that makes empty ones."""
    program(tmp_path / ".venv/bin/python", 'while [ "$1" != backup ]; do shift; done', ': > "$2"')
    directory = tmp_path / "backups"
    directory.mkdir()
    return directory


def make_backup(directory: Path) -> None:
    subprocess.run([ROOT / "deploy" / "backup", directory], cwd=directory.parent, check=True)


def test_the_fourteen_newest_backups_stay(backups: Path) -> None:
    old = [backups / f"portal-202601{day:02}-023000.backup" for day in range(1, 20)]
    for path in old:
        path.touch()
    make_backup(backups)
    assert len(list(backups.iterdir())) == 14
    assert [path for path in old if path.exists()] == old[-13:]


def test_what_a_killed_backup_left_goes_with_a_later_one(backups: Path) -> None:
    left, under_way = (backups / f".portal-2026010{day}-023000.backup.ab.part" for day in (1, 2))
    for path in (left, under_way):
        path.touch()
    os.utime(left, (0, time.time() - 2 * 24 * 3600))
    make_backup(backups)
    assert not left.exists()
    assert under_way.exists()


def run_command(tmp_path: Path, settings: str, says: str) -> str:
    """What `deploy/command` has a program say that sees what the portal would."""
    script = (ROOT / "deploy" / "command").read_text()
    for there in ("/etc/mlegitymacja", "/opt/mlegitymacja/current"):
        script = script.replace(there, str(tmp_path))
    (tmp_path / "settings.env").write_text(f"{settings}\n")
    program(tmp_path / "bin/setpriv", f'printf %s "{says}"')
    environ = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": "/root"}
    done = subprocess.run(["sh", "-c", script], env=environ, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_commands_have_the_home_of_the_portals_user(tmp_path: Path) -> None:
    """In root's own libpq can't look for certificates, and refuses to connect by TLS."""
    assert run_command(tmp_path, "PORTAL_DEMO=1", "$HOME") == "/var/lib/mlegitymacja"


@pytest.mark.parametrize(
    ("quote", "value"),
    [
        ("'", "~" + string.punctuation.replace("'", "") + " ł"),
        ('"', "~King's " + string.punctuation.translate(dict.fromkeys(map(ord, '$`"\\')))),
        ("", f"{string.ascii_letters}{string.digits}._:/@+=-"),
    ],
)
def test_settings_quoted_as_the_file_says_reach_commands_as_they_are(
    tmp_path: Path, quote: str, value: str
) -> None:
    written = f"PORTAL_UNIVERSITY_EN={quote}{value}{quote}"
    assert run_command(tmp_path, written, "$PORTAL_UNIVERSITY_EN") == value
