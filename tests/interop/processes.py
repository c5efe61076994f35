"""The foreign issuer as a process of its own, over TLS, and the certificate that makes it known."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.server import BIN, ROOT, free_port

APPLICATION = "tests.interop.foreign_issuer:make_app"


def write_certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key: the issuer's, and whom others are told to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "campus")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "campus.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "campus.key").write_bytes(private)
    return directory / "campus.pem", directory / "campus.key"


class ForeignIssuer:
    """Started by `start`, ended by `stop`; the rest is what its staff can do."""

    def __init__(self, directory: Path) -> None:
        self.url = f"https://127.0.0.1:{free_port()}"
        self.issuer = self.url + "/campus"
        self.certificates = write_certificate(directory)
        """Certificate and key."""
        self._log = directory / "campus.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def certificate(self) -> Path:
        return self.certificates[0]

    def start(self) -> None:
        command = [BIN / "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1", "--no-ws"]
        command += ["--port", self.url.rpartition(":")[2], "--ssl-certificate", self.certificate]
        command += ["--ssl-keyfile", self.certificates[1], APPLICATION]
        environ = os.environ | {"FOREIGN_ISSUER_URL": self.url}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text()
            try:
                self.ask("GET", "/campus/jwks")
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)

    def ask(self, method: str, path: str, said: Any = None) -> Any:
        answer = requests.request(
            method, self.url + path, json=said, verify=str(self.certificate), timeout=10
        )
        answer.raise_for_status()
        return answer.json()

    def order(self, activation_code: str | None = "736481", how: str = "by_reference") -> str:
        """The text of the QR for an offer."""
        return str(self.ask("POST", "/desk/orders", {"activation_code": activation_code})[how])

    def card_for(self, holder: dict[str, Any], *, lasts: int = 3600) -> tuple[str, int]:
        """A card bound to this public key, lasting so many seconds, and its place in the list."""
        made = self.ask("POST", "/desk/cards", {"holder": holder, "lasts": lasts})
        return made["card"], made["index"]

    def set_status(self, index: int, value: int) -> None:
        self.ask("POST", "/desk/statuses", {"index": index, "value": value})

    def lists_last(self, seconds: int) -> None:
        """How long after its making a status list is good from now on; negative: it is born too old."""
        self.ask("POST", "/desk/lists", {"seconds": seconds})

    @property
    def last_index(self) -> int:
        """The place of the card that was made last."""
        return int(self.ask("GET", "/desk/cards"))

    @property
    def notifications(self) -> list[list[str]]:
        return list(self.ask("GET", "/desk/notifications"))
