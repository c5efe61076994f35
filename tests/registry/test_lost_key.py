"""The key that opens what the registry holds is missing: a sentence says so, and nothing is half-written."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from portal.encryption import Keyring
from tests.registry.conftest import Run
from tests.registry.office import Office
from tests.registry.table import row, write_csv

SENTENCE = "No encryption key of this portal opens what the registry holds"


@pytest.fixture
def without_key(app: Flask, import_file: Run, tmp_path: Path) -> None:
    """Somebody was imported, and the key was lost."""
    import_file(write_csv(tmp_path, row()))
    app.extensions["portal.keyring"] = Keyring((Fernet.generate_key().decode(),), "lookup")


def test_an_import_says_that_a_key_is_missing_and_writes_nobody(
    without_key: None, import_file: Run, office: Office, tmp_path: Path
) -> None:
    before = [line for line in office.dump() if not line.startswith("audit:")]
    result = import_file(write_csv(tmp_path, row(surname="Nowa"), row(2)))
    assert (result.exit_code, SENTENCE in result.output) == (1, True)
    assert "after it had written 0 people" in result.output
    assert [line for line in office.dump() if not line.startswith("audit:")] == before


def test_show_says_that_a_key_is_missing(without_key: None, flask_command: Run) -> None:
    result = flask_command("registry", "show", "--language", "en", row()["album_number"])
    assert (result.exit_code, result.output.startswith(f"Error: {SENTENCE}")) == (1, True)
