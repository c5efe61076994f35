"""The portal's settings: one frozen, typed object, read once from ``PORTAL_*`` variables.

Secrets may come from a file named by ``PORTAL_…_FILE``. A wrong value stops the start; all that is wrong is
named at once, with what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypedDict, cast, get_args
from urllib.parse import urlsplit

import click
from flask import current_app
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from portal.settings_parts import (
    AccessibilityStatement,
    MailSecurity,
    MailSettings,
    read_mail,
    read_statement,
)
from portal.settings_reading import Network, Reader, flag, networks, span, whole

__all__ = [
    "ROOT",
    "AccessibilityStatement",
    "MailSecurity",
    "MailSettings",
    "Policy",
    "Settings",
    "SettingsError",
    "load",
    "settings",
]

Policy = Literal["classic", "2025"]
Issuance = Literal["thread", "procrastinate"]
Limits = Literal["memory", "database"]
LogFormat = Literal["text", "json"]

ROOT = Path(__file__).resolve().parent.parent
MIN_SECRET_LENGTH = 32
DRIVERS = ("postgresql+psycopg", "sqlite", "sqlite+pysqlite")
"""SQLAlchemy's names of the databases that the portal can use."""
STAND_IN_WALLET = "Kieszonka"
"""The name of the stand-in wallet: the app that students are told to use where it is there."""


class SettingsError(click.ClickException):
    """One or more settings are missing or wrong; the text names each and what is allowed.

    The command line shows it as that text.
    """


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between two portals. Durations are timedeltas, paths absolute."""

    base_url: str
    secret_key: str = field(repr=False)
    wallet_name: str
    university_pl: str
    university_en: str
    university_short: str
    home_organisation: str
    """Domain of the university, as in ``schacHomeOrganization`` (SCHAC 1.6)."""
    accessibility: AccessibilityStatement
    demo: bool = False
    wallet: bool = False
    """Whether the stand-in wallet is there (`/portfel`); the demonstration always has it."""
    instance_dir: Path = ROOT / "instance"
    database_url: str = ""
    """SQLAlchemy URL; empty: ``portal.sqlite`` in the instance directory."""
    encryption_keys: tuple[str, ...] = field(default=(), repr=False)
    """Fernet keys, newest first; empty: kept in a file of the instance directory."""
    policy: Policy = "classic"
    offer_lifetime: timedelta = timedelta(days=30)
    session_idle: timedelta = timedelta(minutes=30)
    session_absolute: timedelta = timedelta(hours=12)
    trusted_proxies: tuple[Network, ...] = ()
    pesel_on_card: bool = True
    issuance_thread: bool = True
    """Whether this process prepares cards itself, where `issuance` is ``thread``."""
    issuance: Issuance = "thread"
    """Who prepares cards: a thread of the web process, or workers of their own (`flask issuance work`)."""
    limits: Limits = "memory"
    """Where rate limits count: in each process, or in the database for all of them."""
    log_format: LogFormat = "text"
    privacy_contact: str = ""
    """Contact of the data protection officer, shown on /prywatnosc."""
    mass_revocation_percent: int = 5
    """An import that would revoke more than this share of the live cards stops and asks."""
    retention_months: int = 12
    """How long what is kept of people who left stays, counted from the end of their status."""
    mail: MailSettings | None = None

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """Host and port as a browser sends them in ``Host``."""
        return urlsplit(self.base_url).netloc

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.instance_dir / 'portal.sqlite'}"


class _Names(TypedDict):
    wallet_name: str
    university_pl: str
    university_en: str
    university_short: str
    home_organisation: str
    privacy_contact: str


class _Several(TypedDict):
    database_url: str
    issuance: Issuance
    limits: Limits


class _Keeping(TypedDict):
    mass_revocation_percent: int
    retention_months: int


class _Spans(TypedDict):
    offer_lifetime: timedelta
    session_idle: timedelta
    session_absolute: timedelta


def _base_url(read: Reader, *, demo: bool) -> str:
    """The issuer identifier: no path, no trailing slash (OpenID4VCI 1.0, 12.2.1); https but on loopback."""
    url = read.text("BASE_URL", "http://127.0.0.1:8000" if demo else None)
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if url and (
        not parts.netloc
        or parts.path
        or parts.query
        or parts.fragment
        or parts.username
        or parts.scheme not in ("http", "https")
        or (parts.scheme == "http" and not local)
    ):
        read.problems.append(
            "PORTAL_BASE_URL must be like https://card.example.edu: https, no path, no slash at the end"
        )
    return url


def load(environ: Mapping[str, str]) -> Settings:
    """The settings of this environment.

    Raises `SettingsError`, which names everything that is missing or wrong.
    """
    read = Reader(environ)
    demo = read.parsed("DEMO", False, flag, "0 or 1")
    wallet = read.parsed("WALLET", demo, flag, "0 or 1") or demo
    instance = Path(read.text("INSTANCE", str(ROOT / "instance"))).resolve()
    loaded = Settings(
        demo=demo,
        wallet=wallet,
        base_url=_base_url(read, demo=demo),
        instance_dir=instance,
        secret_key=_secret_key(read, instance, demo=demo),
        encryption_keys=tuple(read.secret("ENCRYPTION_KEYS", "").split()),
        policy=read.one_of("POLICY", "classic", get_args(Policy)),
        trusted_proxies=read.parsed(
            "TRUSTED_PROXIES", (), networks, "addresses or networks, with commas between"
        ),
        pesel_on_card=read.parsed("PESEL_ON_CARD", True, flag, "0 or 1"),
        issuance_thread=read.parsed("ISSUANCE_THREAD", True, flag, "0 or 1"),
        log_format=read.one_of("LOG_FORMAT", "text", get_args(LogFormat)),
        **_several(read),
        accessibility=read_statement(read, demo=demo),
        **_names(read, demo=demo, wallet=wallet),
        mail=read_mail(read),
        **_keeping(read),
        **_spans(read),
    )
    if read.problems:
        raise SettingsError("\n".join(read.problems))
    return loaded


def _secret_key(read: Reader, instance: Path, *, demo: bool) -> str:
    secret_key = read.secret("SECRET_KEY", _demo_secret(instance) if demo else None)
    if secret_key and len(secret_key) < MIN_SECRET_LENGTH:
        read.problems.append(f"PORTAL_SECRET_KEY must have at least {MIN_SECRET_LENGTH} characters")
    return secret_key


def _names(read: Reader, *, demo: bool, wallet: bool) -> _Names:
    """Whose portal it is: asked for outside the demonstration, since a guess would mislead students."""

    def only_demo(value: str) -> str | None:
        return value if demo else None

    return _Names(
        wallet_name=read.text("WALLET_NAME", STAND_IN_WALLET if wallet else None),
        university_pl=read.text("UNIVERSITY_PL", only_demo("Politechnika Przykładowa")),
        university_en=read.text("UNIVERSITY_EN", only_demo("Example University of Technology")),
        university_short=read.text("UNIVERSITY_SHORT", only_demo("PP")),
        home_organisation=read.text("HOME_ORGANISATION", only_demo("example.org")),
        privacy_contact=read.text("PRIVACY_CONTACT", only_demo("iod@example.org")),
    )


def _several(read: Reader) -> _Several:
    """The database, and what several processes need to work as one; SQLite belongs to one process alone."""
    url = _database_url(read)
    several = _Several(
        database_url=url,
        issuance=read.one_of("ISSUANCE", "thread", get_args(Issuance)),
        limits=read.one_of("LIMITS", "memory", get_args(Limits)),
    )
    if not url.startswith("postgresql"):
        for name, value in (("ISSUANCE", "procrastinate"), ("LIMITS", "database")):
            if value in several.values():
                read.problems.append(f"PORTAL_{name}={value} needs PostgreSQL (PORTAL_DATABASE_URL)")
    return several


def _database_url(read: Reader) -> str:
    """PostgreSQL is spoken by psycopg 3, so a URL that names no driver means that one."""
    given = read.secret("DATABASE_URL", "")
    scheme, _colon, rest = given.partition("://")
    url = f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else given
    try:
        known = not url or make_url(url).drivername in DRIVERS
    except (ArgumentError, ValueError):  # no URL, or a port that is no number
        known = False
    if not known:
        read.problems.append(
            "PORTAL_DATABASE_URL must be like postgresql+psycopg://user@host/name or sqlite:////path/to/file"
        )
    return url


def _keeping(read: Reader) -> _Keeping:
    return _Keeping(
        mass_revocation_percent=read.parsed(
            "MASS_REVOCATION_PERCENT", 5, whole(0, 100), "a whole number from 0 to 100"
        ),
        retention_months=read.parsed("RETENTION", 12, whole(1, 600), "a whole number of months"),
    )


def _spans(read: Reader) -> _Spans:
    return _Spans(
        offer_lifetime=read.parsed(
            "OFFER_LIFETIME_DAYS", timedelta(days=30), span("days"), "a whole number of days"
        ),
        session_idle=read.parsed(
            "SESSION_IDLE_MINUTES", timedelta(minutes=30), span("minutes"), "a whole number of minutes"
        ),
        session_absolute=read.parsed(
            "SESSION_ABSOLUTE_HOURS", timedelta(hours=12), span("hours"), "a whole number of hours"
        ),
    )


def _demo_secret(instance: Path) -> str:
    """A secret of this demonstration alone, made at its first start and kept in its instance directory."""
    from portal.files import secret_file

    return secret_file(instance / "secret_key")


def settings() -> Settings:
    """The settings of the current application."""
    return cast(Settings, current_app.extensions["portal.settings"])
