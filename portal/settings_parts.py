"""Settings that belong together: the accessibility statement, the mail server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from portal.settings_reading import Reader, address, whole

MailSecurity = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, kw_only=True)
class AccessibilityStatement:
    """What the „Deklaracja dostępności” is filled with (act of 4 April 2019, art. 10)."""

    contact_name: str
    email: str
    phone: str
    published: date
    updated: date
    prepared: date
    reviewed: date | None = None
    architecture_pl: str = ""
    architecture_en: str = ""
    communication_pl: str = ""
    communication_en: str = ""


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """The university's mail server (RFC 6409). Without one the portal sends no mail."""

    host: str
    sender: str
    """Address that mails come from."""
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    security: MailSecurity = "starttls"


def read_statement(read: Reader, *, demo: bool) -> AccessibilityStatement:
    """The statement's contact is asked for outside the demonstration: an empty one would be unlawful."""
    a_day = "a date like 2026-03-31"
    launch = date(2026, 11, 22)
    published = read.parsed("A11Y_PUBLISHED", launch, date.fromisoformat, a_day)
    return AccessibilityStatement(
        contact_name=read.text("A11Y_CONTACT", "Dziekanat (demonstracja)" if demo else None),
        email=read.text("A11Y_EMAIL", "dostepnosc@example.org" if demo else None),
        phone=read.text("A11Y_PHONE", "+48 00 000 00 00" if demo else None),
        published=published,
        updated=read.parsed("A11Y_UPDATED", published, date.fromisoformat, a_day),
        prepared=read.parsed("A11Y_PREPARED", published, date.fromisoformat, a_day),
        reviewed=read.parsed("A11Y_REVIEWED", None, date.fromisoformat, a_day),
        architecture_pl=read.text("A11Y_ARCHITECTURE_PL", ""),
        architecture_en=read.text("A11Y_ARCHITECTURE_EN", ""),
        communication_pl=read.text("A11Y_COMMUNICATION_PL", ""),
        communication_en=read.text("A11Y_COMMUNICATION_EN", ""),
    )


def read_mail(read: Reader) -> MailSettings | None:
    host = read.text("SMTP_HOST", "")
    sender = read.parsed("MAIL_FROM", "", address, "an e-mail address")
    if bool(host) != bool(read.text("MAIL_FROM", "")):
        read.problems.append("PORTAL_SMTP_HOST and PORTAL_MAIL_FROM are only good together")
    starttls: MailSecurity = "starttls"
    security = read.one_of("SMTP_SECURITY", starttls, get_args(MailSecurity))
    usual = {"starttls": 587, "tls": 465, "none": 25}[security]
    mail = MailSettings(
        host=host,
        sender=sender,
        port=read.parsed("SMTP_PORT", usual, whole(1, 65535), "a port"),
        user=read.text("SMTP_USER", ""),
        password=read.secret("SMTP_PASSWORD", ""),
        security=security,
    )
    if mail.user and (security == "none" or not mail.password):
        read.problems.append("PORTAL_SMTP_USER must have a PORTAL_SMTP_PASSWORD, and starttls or tls")
    return mail if host and sender else None
