"""Hands letters to the university's mail server (RFC 6409 message submission, RFC 5321).

What may be tried again and what may not is told by the kind of exception: a letter that was handed over, and
of which no answer came back, may be in the student's mailbox already.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from types import TracebackType
from typing import NoReturn
from urllib.parse import urlsplit

from portal import clock, settings_reading
from portal.encryption import fingerprint
from portal.settings import MailSettings, settings

TIMEOUT = 15.0
"""Seconds that the server may take for each single answer."""
LETTERS_A_CONNECTION = 20
"""Servers limit how many they take; after so many a new connection is opened."""
_OF_THE_SERVER = (421, 530, 535, 538)
"""Answers about the connection or the log-in, whatever they were given to (RFC 5321, RFC 4954)."""


class SendingFailed(Exception):
    """The text says what the server answered, as a number, and never to whom."""


class Unavailable(SendingFailed):
    """The server can't be reached, or takes nothing at all from us now: every letter has to wait."""


class Deferred(SendingFailed):
    """The server doesn't take this letter now (a full mailbox, greylisting). Nothing was sent."""


class Refused(SendingFailed):
    """The server won't ever take this letter, or nobody could send it. Nothing was sent."""


class Unknown(SendingFailed):
    """The text was handed over, and the connection lost before the answer: sent or not, nobody can tell."""


@dataclass(frozen=True)
class Letter:
    """A mail in plain text. All of it may come from anywhere: what can't stand in a header is refused."""

    key: str
    """What its Message-ID is made of: the same for the same letter, whenever it is tried."""
    to: str
    sender_name: str
    subject: str
    text: str
    languages: tuple[str, ...]


class Connection:
    """To the mail server: opened with the first letter, kept for the next ones."""

    def __init__(self, mail: MailSettings) -> None:
        self._mail = mail
        self._server: smtplib.SMTP | None = None
        self._letters = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def send(self, letter: Letter, handing_over: Callable[[], None]) -> None:
        """Have the server take this letter.

        `handing_over` is called once the server has agreed to the recipient and waits for the text, so that
        the caller can write that down; where it raises, nothing is sent. Whoever was killed after it, or gets
        `Unknown`, must not send the letter again.

        Raises `Unavailable`, `Deferred`, `Refused` or `Unknown`, and what `handing_over` raises.
        """
        sender, recipient = plain(self._mail.sender), plain(letter.to)
        content = compose(letter, sender, recipient)
        if self._letters >= LETTERS_A_CONNECTION:
            self._leave()
        try:
            server = self._opened()
            self._agree(server, sender, recipient)
            handing_over()
            self._hand_over(server, content)
        except BaseException:
            self._close()
            raise
        self._letters += 1

    def _opened(self) -> smtplib.SMTP:
        if self._server is None:
            try:
                self._open()
            except (OSError, ValueError) as error:  # every exception of smtplib is an OSError
                # Not "from error": what a server says, and what a login failed with, belongs in no log.
                raise Unavailable(_reason(error)) from None
        assert self._server is not None  # noqa: S101 — opened above
        return self._server

    def _open(self) -> None:
        mail, ours = self._mail, _our_name()
        if mail.security == "tls":
            trusted = ssl.create_default_context()
            self._server = smtplib.SMTP_SSL(
                mail.host, mail.port, local_hostname=ours, timeout=TIMEOUT, context=trusted
            )
        else:
            self._server = smtplib.SMTP(mail.host, mail.port, local_hostname=ours, timeout=TIMEOUT)
        if mail.security == "starttls":
            self._server.starttls(context=ssl.create_default_context())
        self._server.ehlo_or_helo_if_needed()
        if mail.user:
            self._server.login(mail.user, mail.password)

    def _agree(self, server: smtplib.SMTP, sender: str, recipient: str) -> None:
        """The envelope: what comes back before the text is a plain no, and nothing was sent."""
        international = not (sender + recipient).isascii()
        try:
            code, _ = server.mail(sender, ("SMTPUTF8", "BODY=8BITMIME") if international else ())
            if code != 250:
                raise Unavailable(f"answered {code} to the sender")
            code, _ = server.rcpt(recipient)
            if code not in (250, 251):
                _say_no(code, "to the recipient")
            code, _ = server.docmd("DATA")
            if code != 354:
                _say_no(code, "before the text")
        except smtplib.SMTPNotSupportedError:
            raise Refused("the server knows no international addresses") from None
        except OSError as error:
            raise Unavailable(_reason(error)) from None

    def _hand_over(self, server: smtplib.SMTP, content: bytes) -> None:
        try:
            server.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            code, _ = server.getreply()
        except OSError as error:
            raise Unknown(_reason(error)) from None
        if code != 250:
            _say_no(code, "to the text")

    def _leave(self) -> None:
        if self._server is not None:
            with suppress(OSError):
                self._server.quit()
        self._close()

    def _close(self) -> None:
        server, self._server, self._letters = self._server, None, 0
        if server is not None:
            server.close()


def plain(address: str) -> str:
    """The address as a server takes it: its domain in ASCII (IDNA). Raises `Refused` where it is none."""
    try:
        local, _at, domain = settings_reading.address(address).rpartition("@")
        return f"{local}@{domain.encode('idna').decode()}"
    except ValueError:  # a UnicodeError is one
        raise Refused("not an address") from None


def compose(letter: Letter, sender: str, recipient: str) -> bytes:
    """The message (RFC 5322) with CRLF at the end of each line. Raises `Refused` where it can't be one."""
    message = EmailMessage(policy=SMTP if recipient.isascii() and sender.isascii() else SMTPUTF8)
    try:
        message["From"] = _mailbox(sender, _one_line(letter.sender_name))
        message["To"] = _mailbox(recipient)
        message["Subject"] = _one_line(letter.subject)
        message["Date"] = format_datetime(clock.now())
        # Keyed, so that nobody can count our mails or guess the name of one.
        message["Message-ID"] = f"<{fingerprint(letter.key, 'message-id')[:40]}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content(letter.text, cte="quoted-printable")
        message["Content-Language"] = ", ".join(letter.languages)
        return message.as_bytes()
    except ValueError:
        raise Refused("can't be written as a message") from None


def _mailbox(address: str, name: str = "") -> Address:
    local, _at, domain = address.rpartition("@")
    return Address(name, local, domain)


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _our_name() -> str:
    """How we introduce ourselves (RFC 5321, 4.1.3): the portal's own name, or its address in brackets."""
    host = urlsplit(settings().base_url).hostname or "localhost"
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return host
    return f"[{host}]" if version == 4 else f"[IPv6:{host}]"


def _say_no(code: int, where: str) -> NoReturn:
    words = f"answered {code} {where}"
    if code in _OF_THE_SERVER:
        raise Unavailable(words)
    if 500 <= code < 600:
        raise Refused(words)
    if 400 <= code < 500:
        raise Deferred(words)
    raise Unknown(words) if where == "to the text" else Unavailable(words)


def _reason(error: Exception) -> str:
    """A few words without what the server said, which may name people."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPException) or not isinstance(error, OSError):
        return type(error).__name__
    return error.strerror or type(error).__name__
