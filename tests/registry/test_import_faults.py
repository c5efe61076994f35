"""`flask registry import`: stopped, killed, fed with rubbish, and watched on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.database import db
from portal.registry.models import PlasticCard, Programme, Student
from portal.settings import Settings
from tests.registry.conftest import Run
from tests.registry.table import SOUND, row, write_csv
from tests.support.refusing import refusing

COMMAND = """
import sys
from pathlib import Path
from flask.cli import ScriptInfo
from portal import create_app
from tests.conftest import make_settings
app = create_app(make_settings(Path(sys.argv[1]), database_url=sys.argv[2]))
app.cli.main(["registry", "import", *sys.argv[3:]], obj=ScriptInfo(create_app=lambda: app))
"""
UNHURRIED = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def start(settings: Settings, file: Path, **streams: int) -> subprocess.Popen[bytes]:
    words = [str(settings.instance_dir), settings.database_url, str(file)]
    return subprocess.Popen([sys.executable, "-c", COMMAND, *words], **streams)


def counts(app: Flask) -> tuple[int, int, int]:
    """Students, programmes and cards."""
    with app.app_context():
        students, programmes, cards = (
            db.session.query(kind).count() for kind in (Student, Programme, PlasticCard)
        )
        return students, programmes, cards


def test_what_a_failing_database_leaves_is_whole_and_the_next_run_does_the_rest(
    app: Flask, import_file: Run, tmp_path: Path
) -> None:
    file = write_csv(tmp_path, *(row(number) for number in range(450)))
    with app.app_context(), refusing("INSERT", "plastic_cards", "NEW.card_number = 'ELS333'"):
        stopped = import_file(file)
    assert (stopped.exit_code, "after it had written 200 people" in stopped.output) == (1, True)
    assert counts(app) == (200, 200, 200)
    assert "250 new, 0 changed, 200 unchanged" in import_file(file).output


@pytest.mark.faults
def test_a_killed_import_leaves_whole_people_and_can_be_repeated(
    app: Flask, settings: Settings, import_file: Run, tmp_path: Path
) -> None:
    file = write_csv(tmp_path, *(row(number) for number in range(3000)))
    running = start(settings, file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while counts(app)[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.01)  # another process: only looking tells how far it is
    running.send_signal(signal.SIGKILL)
    running.wait()
    students, programmes, cards = counts(app)
    assert 0 < students < 3000
    assert students == programmes == cards
    assert f"{3000 - students} new, 0 changed, {students} unchanged" in import_file(file).output


def test_a_bar_is_drawn_on_a_terminal(settings: Settings, tmp_path: Path) -> None:
    terminal, its_end = pty.openpty()
    running = start(settings, write_csv(tmp_path, row()), stdout=subprocess.DEVNULL, stderr=its_end)
    assert running.wait(60) == 0
    os.close(its_end)
    seen = os.read(terminal, 10_000)
    os.close(terminal)
    assert b"100%" in seen


@UNHURRIED
@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(import_file: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rubbish.csv").write_bytes(",".join(SOUND).encode() + b"\n" + content)
    assert import_file(tmp_path / "rubbish.csv", "--dry-run").exit_code in (0, 1)


@UNHURRIED
@given(st.dictionaries(st.sampled_from(list(SOUND)), st.text(max_size=50)))
def test_any_cells_get_an_answer_that_fits_the_counts(
    import_file: Run, tmp_path: Path, cells: dict[str, str]
) -> None:
    readable = {name: cell.encode(errors="replace").decode() for name, cell in cells.items()}
    result = import_file(write_csv(tmp_path, row() | readable), "--dry-run")
    good = "1 new, 0 changed, 0 unchanged, 0 refused" in result.output
    assert good == (result.exit_code == 0)
