"""Shows a web process to nginx once it is ready, and hides it before it stops.

nginx knows the process by the socket `portal` in its directory. The server listens at `starting` there, which
is renamed once it is ready. Hidden, it gets no new connection: nginx finds no socket and asks another
process, which is safe for a POST too, since nothing was sent yet. What has come before is answered while the
server stops. Stopped without that, connections that it had not yet taken would be reset.

    portal_socket.py show|hide DIRECTORY
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import time
from pathlib import Path

PATIENCE = 60.0
"""Seconds that the server may take to be ready: it waits for the database too."""
LATECOMERS = 1.0
"""Seconds in which the server takes the connections that were made before its socket was hidden."""


class Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def what_is_missing(path: Path) -> str:
    """Why the server that listens there is not ready; empty: it is."""
    connection = Local(path)
    try:
        connection.request("GET", "/healthz/ready")
        answer = connection.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException):
        return "it does not answer yet"
    finally:
        connection.close()
    if answer.status == 200:
        return ""
    try:
        checks = json.loads(said)["checks"].items()
    except (ValueError, KeyError):
        return f"it answers {answer.status}"
    return ", ".join(f"{name}: {check['detail']}" for name, check in checks if not check["ok"])


def show(directory: Path) -> None:
    starting, deadline = directory / "starting", time.monotonic() + PATIENCE
    while missing := what_is_missing(starting):
        if time.monotonic() > deadline or not main_process_lives():
            sys.exit(f"the portal is not ready: {missing}")
        time.sleep(0.1)
    starting.rename(directory / "portal")


def main_process_lives() -> bool:
    """Whether the server has not ended, as far as systemd told who it is."""
    pid = os.environ.get("MAINPID", "")
    return not pid or Path("/proc", pid).exists()


def hide(directory: Path) -> None:
    try:
        (directory / "portal").unlink()
    except FileNotFoundError:
        return  # it was never shown
    time.sleep(LATECOMERS)


if __name__ == "__main__":
    {"show": show, "hide": hide}[sys.argv[1]](Path(sys.argv[2]))
