"""The registry by its commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.conftest import MovingClock
from tests.registry.office import Office

Run = Callable[..., Result]


@pytest.fixture
def flask_command(app: Flask) -> Run:
    """Run a `flask …` command as a shell would; paths may be given as they are."""

    def run(*words: str | Path) -> Result:
        result = app.test_cli_runner().invoke(args=[str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def import_file(flask_command: Run) -> Run:
    """`flask registry import …` in English."""

    def run(*words: str | Path) -> Result:
        return flask_command("registry", "import", "--language", "en", *words)

    return run


@pytest.fixture
def office(app: Flask, clock: MovingClock, tmp_path: Path) -> Office:
    """An office that imports, and students with phones."""
    return Office(app, clock, tmp_path)
