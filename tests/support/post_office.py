"""A real SMTP server (aiosmtpd) on this machine, which a test can have refuse, defer, hang or hang up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.settings import MailSettings
from tests.support.server import free_port

HOST = "127.0.0.1"
SENDER = "mlegitymacja@example.org"
USER, PASSWORD = "portal", "a password of the mail server"


@dataclass
class PostOffice:
    """What it got, and how it should behave. `says` has its answers by the command they are given to."""

    port: int = field(default_factory=free_port)
    says: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, bool]] = field(default_factory=list)
    """User names, and whether the connection was encrypted by then."""
    connections: int = 0
    hang_up: bool = False
    """After it has taken the text, without an answer."""
    hangs: bool = False
    """Takes the text and never answers, while this is so."""
    got: list[str] = field(default_factory=list)
    """Commands that came up to here."""
    _controller: Controller | None = None

    def settings(self, **changes: Any) -> MailSettings:
        return MailSettings(
            **{"host": HOST, "sender": SENDER, "port": self.port, "security": "none", **changes}
        )

    def open(self) -> None:
        self._controller = Controller(self, hostname=HOST, port=self.port, **self.options)
        self._controller.start()

    def close(self) -> None:
        self.hangs = False
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    # What aiosmtpd asks

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.got.append("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.got.append("MAIL")
        if "MAIL" not in self.says:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.says.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.got.append("RCPT")
        if "RCPT" not in self.says:
            envelope.rcpt_tos.append(address)
        return self.says.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.got.append("DATA")
        content = envelope.original_content or b""
        if self.says.get("DATA", "250").startswith("250"):
            self.mails.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
            self.recipients += envelope.rcpt_tos
        while self.hangs:
            await asyncio.sleep(0.02)
        if self.hang_up:
            server.transport.abort()
        return self.says.get("DATA", "250 OK")

    def check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.logins.append((data.login.decode(), session.ssl is not None))
        return AuthResult(success=good, handled=False)


@contextmanager
def opened(**options: Any) -> Iterator[PostOffice]:
    office = PostOffice(options=options)
    office.open()
    try:
        yield office
    finally:
        office.close()


def certificate(directory: Path, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A self-made certificate's file, to be trusted, and the server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    said = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_name(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, both = directory / "certificate.pem", directory / "both.pem"
    file.write_bytes(said.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(file.read_bytes() + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return file, context


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
