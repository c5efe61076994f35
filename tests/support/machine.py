"""A machine as docs/install.md sets it up, in a directory: processes by deploy/'s unit files, nginx in front.

What runs is read from those files; only directories, names, ports and the certificate are replaced.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from configparser import RawConfigParser
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.server import ROOT, free_port

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MAIN = """\
daemon off;
{user}
pid {root}/nginx.pid;
error_log {root}/nginx.log;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/nginx/site.conf;
}}
"""


class Unit:
    """One instance of a service; ended and started as systemd would."""

    def __init__(self, machine: Machine, template: str, instance: str) -> None:
        lines = RawConfigParser(strict=False, comment_prefixes="#", interpolation=None)
        lines.optionxform = str  # type: ignore[assignment,method-assign]
        text = (ROOT / "deploy" / f"{template}@.service").read_text().replace("\\\n", " ")
        # Some settings are given twice, of which none matters here.
        lines.read_string(text)
        self._service = lines["Service"]
        self._machine, self._instance = machine, instance
        self.name = f"{template}@{instance}"
        self.log_file = machine.root / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def _words(self, setting: str) -> list[str]:
        return shlex.split(self._machine.moved(self._service.get(setting, "").replace("%i", self._instance)))

    def start(self) -> None:
        if directory := self._service.get("RuntimeDirectory"):
            place = self._machine.run / Path(directory.replace("%i", self._instance)).name
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self._words("ExecStart"), cwd=ROOT, env=self._machine.environ, stdout=log, stderr=log
            )
        self._run("ExecStartPost")

    def stop(self) -> int:
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        self._run("ExecStop")
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(float(self._service["TimeoutStopSec"]))
        _gone, left = psutil.wait_procs(children, timeout=5)
        assert not left, "a process is left behind"
        self.process = None
        return code

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """Without a word, whatever runs of it."""
        if self.process is not None:
            for process in [*psutil.Process(self.process.pid).children(recursive=True), self.process]:
                process.kill()
            self.process.wait(10)
            self.process = None

    def _run(self, setting: str) -> None:
        if words := self._words(setting):
            assert self.process is not None
            known = self._machine.environ | {"MAINPID": str(self.process.pid)}
            subprocess.run(words, cwd=ROOT, env=known, check=True)

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")


class Machine:
    """Its files, its nginx, and its units by name."""

    def __init__(self, root: Path, **settings: str) -> None:
        self.root, self.run = root, root / "run"
        self.port, self.plain_port = free_port(), free_port()
        self.web_ports, self.worker_ports = (free_port(), free_port()), (free_port(), free_port())
        self.url = f"https://127.0.0.1:{self.port}"
        self.certificate = root / "certificate.pem"
        _make_certificate(self.certificate, root / "key.pem")
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        self.environ |= {"PORTAL_BASE_URL": self.url, "PORTAL_INSTANCE": str(root / "instance"), **settings}
        self.nginx: subprocess.Popen[bytes] | None = None
        templates = ("mlegitymacja-web", "mlegitymacja-worker")
        units = [Unit(self, template, number) for template in templates for number in "12"]
        self.units = {unit.name.removeprefix("mlegitymacja-"): unit for unit in units}

    def moved(self, text: str) -> str:
        """With the places of this machine instead of a server's."""
        python = "/opt/mlegitymacja/current/.venv/bin/python"
        for there, here in {
            **{python: sys.executable, "/run/mlegitymacja": self.run},
            **{"/etc/nginx/mlegitymacja": self.root / "nginx", "/var/log/nginx": self.root},
            **{"/var/lib/nginx": self.root, "card.example.edu": "127.0.0.1"},
            **{"/etc/letsencrypt/live/127.0.0.1/fullchain.pem": self.certificate},
            **{"/etc/letsencrypt/live/127.0.0.1/privkey.pem": self.root / "key.pem"},
            **{
                "listen 443": f"listen 127.0.0.1:{self.port}",
                "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            },
            **{"listen [::]:443": f"listen 127.0.0.1:{free_port()}"},
            **{"listen [::]:80": f"listen 127.0.0.1:{free_port()}"},
            **{"9101": self.web_ports[0], "9102": self.web_ports[1]},
            **{"9201": self.worker_ports[0], "9202": self.worker_ports[1]},
        }.items():
            text = text.replace(there, str(here))
        return text

    def command(self, *words: str) -> str:
        """What a command of the portal printed."""
        flask = [sys.executable, "-m", "flask", "--app", "portal"]
        done = subprocess.run(
            [*flask, *words], cwd=ROOT, env=self.environ, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_nginx(self) -> None:
        assert NGINX is not None, "nginx is missing: run  apt-get install nginx-light  as root"
        (self.root / "nginx").mkdir()
        for path in (ROOT / "deploy" / "nginx").iterdir():
            (self.root / "nginx" / path.name).write_text(self.moved(path.read_text()))
        user = "user root;" if os.getuid() == 0 else ""
        (self.root / "nginx.conf").write_text(MAIN.format(root=self.root, user=user))
        self.nginx = subprocess.Popen([NGINX, "-p", str(self.root), "-c", str(self.root / "nginx.conf")])
        deadline = time.monotonic() + 10
        while not (self.root / "nginx.pid").exists():
            assert self.nginx.poll() is None, "nginx did not start"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def close(self) -> None:
        for unit in self.units.values():
            unit.kill()
        if self.nginx is not None:
            self.nginx.terminate()
            self.nginx.wait(10)


def _make_certificate(certificate: Path, key_file: Path) -> None:
    """Self-signed, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, format = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(pem, format, plain))
