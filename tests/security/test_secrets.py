"""Without its own secrets the portal does not start (security.md 32)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal import create_app
from portal.database import db
from portal.identity import Account
from tests.conftest import make_settings

ROOT = Path(__file__).resolve().parents[2]


AS_THE_SERVER = ("-c", "import wsgi")


def start(
    instance: Path, how: tuple[str, ...] = AS_THE_SERVER, **settings: str
) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    environ |= {f"PORTAL_{name}": value for name, value in settings.items()}
    environ["PORTAL_INSTANCE"] = str(instance)
    command = [sys.executable, *how]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_the_start_is_refused_and_says_what_is_missing(tmp_path: Path) -> None:
    refused = start(tmp_path / "instance", BASE_URL="https://card.example.edu")
    assert refused.returncode != 0
    assert "PORTAL_SECRET_KEY is not set" in refused.stderr
    assert "PORTAL_WALLET_NAME is not set" in refused.stderr
    assert "PORTAL_BASE_URL" not in refused.stderr


def test_a_command_says_it_too_and_shows_no_program(tmp_path: Path) -> None:
    refused = start(tmp_path / "instance", ("-m", "flask", "--app", "portal", "doctor"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert "PORTAL_SECRET_KEY is not set" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_refused_start_leaves_nothing_behind(tmp_path: Path) -> None:
    start(tmp_path / "instance")
    assert not (tmp_path / "instance").exists()


def load_sample(app: Flask) -> Result:
    return app.test_cli_runner().invoke(args=["demo", "load"])


def test_outside_the_demonstration_there_are_no_known_log_ins(app: Flask) -> None:
    refused = load_sample(app)
    assert refused.exit_code != 0
    assert "PORTAL_DEMO" in refused.output
    with app.app_context():
        assert db.session.query(Account).count() == 0


@pytest.mark.parametrize("login", ["100001", "dziekanat"])
def test_in_the_demonstration_there_are(instance: Path, login: str) -> None:
    app = create_app(make_settings(instance, demo=True, base_url="http://127.0.0.1:8000"))
    assert load_sample(app).exit_code == 0
    with app.app_context():
        assert db.session.query(Account).filter_by(login=login).count() == 1
