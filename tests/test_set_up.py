"""What `make` says where something is missing: one line, and what to do about it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def fake(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def run(*command: str, path: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": f"{path}:/usr/bin:/bin", "PYTHON": "python3"}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def make_venv(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return run("scripts/make-venv", str(tmp_path / "venv"), path=tmp_path / "bin")


def test_an_old_python_is_named(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        fake(tmp_path / "bin", name, '[ "$1" = --version ] && echo "Python 3.9.2" || exit 1')
    refused = make_venv(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == "Python 3.11 or newer is needed; found: Python 3.9.2.\n"


def test_a_missing_venv_module_is_named(tmp_path: Path) -> None:
    broken = f'[ "$2" = venv ] && exit 1; exec {sys.executable} "$@"'
    fake(tmp_path / "bin", "python3", broken)
    fake(tmp_path / "bin", "id", "echo 1000")
    refused = make_venv(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "Python's venv module is missing: run  apt-get install python3-venv  as root."
    ]
    assert not (tmp_path / "venv").exists()


def check_port(port: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/check-port", port]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = check_port(str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "(Address already in use): try  make run PORT=8123" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_port_that_is_none_is_named() -> None:
    for port in ("abc", "70000", "-1"):
        assert check_port(port).stderr == f"PORT must be a number from 1 to 65535, not {port}.\n"


def test_a_missing_encoder_is_named_before_the_film_is_played(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.film"]
    environ = {**os.environ, "PATH": str(tmp_path)}
    refused = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr == "The film is encoded by ffmpeg: run  apt-get install ffmpeg  as root.\n"


def test_make_says_what_it_can_make() -> None:
    listed = run("make", "help", path=ROOT).stdout
    for target in ("run", "test", "lint", "bench", "film", "lock", "translations"):
        assert f"make {target} " in listed
