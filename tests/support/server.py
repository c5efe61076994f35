"""A real portal in a process of its own: migrated, with the demonstration's people, served by granian."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import ClassVar

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """Started by `start`, ended by `stop`; `log` is what it has written so far."""

    application = "wsgi:app"
    _prepared: ClassVar[Path | None] = None
    """An instance directory as `prepare` leaves it: made once, where no setting is another."""

    def __init__(self, instance: Path, **settings: str) -> None:
        self.port = free_port()
        self.instance = instance
        self._as_usual = not settings
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = instance.parent / f"server-{self.port}.log"
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
        } | {
            "PORTAL_DEMO": "1",
            "PORTAL_BASE_URL": self.url,
            "PORTAL_INSTANCE": str(instance),
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> str:
        """Run a `flask` command on the same instance; what it printed."""
        done = subprocess.run(
            [BIN / "flask", "--app", "portal", *words],
            cwd=ROOT,
            env=self.environ,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def prepare(self) -> None:
        if self._as_usual and Server._prepared is not None:
            shutil.copytree(Server._prepared, self.instance)
            return
        self.command("db", "upgrade")
        self.command("demo", "load")
        if self._as_usual:
            kept = tempfile.TemporaryDirectory(prefix="prepared-")
            atexit.register(kept.cleanup)
            Server._prepared = shutil.copytree(self.instance, Path(kept.name) / "instance")

    def start(self) -> None:
        command = [BIN / "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-ws", self.application]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        self._wait_until_live()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; the exit code. Fails if it, or a process it started, has not ended after ten seconds."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(how)
        code = self.process.wait(10)
        _gone, left = psutil.wait_procs(children, timeout=10)
        assert not left, "the server left a process behind"
        return code

    def kill(self) -> None:
        """As a power cut would: all its processes, none of which gets a word in."""
        assert self.process is not None
        everybody = [psutil.Process(self.process.pid)]
        everybody += everybody[0].children(recursive=True)
        for process in everybody:
            process.kill()
        self.process.wait(10)
        psutil.wait_procs(everybody, timeout=10)

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def _wait_until_live(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not come up: {self.log}")
