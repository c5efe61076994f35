"""Settings: each wrong value stops the start and is named, with what is allowed."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from portal import create_app
from portal.settings import Settings, SettingsError, load
from tests.conftest import make_settings

SECRET = "a secret of forty characters and no less"
PRODUCTION = {
    "PORTAL_BASE_URL": "https://card.example.edu",
    "PORTAL_SECRET_KEY": SECRET,
    "PORTAL_WALLET_NAME": "Portfel",
    "PORTAL_UNIVERSITY_PL": "Uczelnia",
    "PORTAL_UNIVERSITY_EN": "University",
    "PORTAL_UNIVERSITY_SHORT": "U",
    "PORTAL_HOME_ORGANISATION": "example.edu",
    "PORTAL_PRIVACY_CONTACT": "iod@example.edu",
    "PORTAL_A11Y_CONTACT": "Anna Pomocna",
    "PORTAL_A11Y_EMAIL": "anna@example.edu",
    "PORTAL_A11Y_PHONE": "+48 85 000 00 00",
}
A_WRONG_VALUE = {
    "PORTAL_DEMO": "yes",
    "PORTAL_BASE_URL": "http://card.example.edu",
    "PORTAL_SECRET_KEY": "short",
    "PORTAL_POLICY": "2024",
    "PORTAL_OFFER_LIFETIME_DAYS": "0",
    "PORTAL_SESSION_IDLE_MINUTES": "half an hour",
    "PORTAL_SESSION_ABSOLUTE_HOURS": "-1",
    "PORTAL_TRUSTED_PROXIES": "10.0.0.1/8",
    "PORTAL_DATABASE_URL": "mysql://portal:made-up-password@db.example.edu/portal",
    "PORTAL_PESEL_ON_CARD": "no",
    "PORTAL_ISSUANCE_THREAD": "true",
    "PORTAL_WALLET": "on",
    "PORTAL_A11Y_PUBLISHED": "31.03.2026",
    "PORTAL_A11Y_REVIEWED": "soon",
    "PORTAL_MASS_REVOCATION_PERCENT": "101",
    "PORTAL_RETENTION": "0",
    "PORTAL_SMTP_PORT": "smtp",
    "PORTAL_SMTP_SECURITY": "ssl",
    "PORTAL_MAIL_FROM": "mLegitymacja <portal@example.edu>",
}


def loaded(tmp_path: Path, **changes: str) -> Settings:
    return load(PRODUCTION | {"PORTAL_INSTANCE": str(tmp_path / "instance")} | changes)


@pytest.mark.parametrize(("name", "value"), A_WRONG_VALUE.items())
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must "):
        loaded(tmp_path, **{name: value})


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_postgresql_is_spoken_by_the_driver_that_is_there(tmp_path: Path, scheme: str) -> None:
    settings = loaded(tmp_path, PORTAL_DATABASE_URL=f"{scheme}://portal@db.example.edu/portal")
    assert settings.database == "postgresql+psycopg://portal@db.example.edu/portal"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2://u:made-up-password@h/d",
        "portal:made-up-password",
        "postgres://u:made-up-password@h:a/d",
    ],
)
def test_a_database_that_cannot_be_used_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_DATABASE_URL must be like") as refusal:
        loaded(tmp_path, PORTAL_DATABASE_URL=url)
    assert "made-up-password" not in str(refusal.value)


@pytest.mark.parametrize("name", PRODUCTION)
def test_a_missing_value_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        loaded(tmp_path, **{name: ""})


def test_one_start_names_all_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        loaded(tmp_path, **A_WRONG_VALUE | {"PORTAL_DEMO": "0", "PORTAL_SMTP_HOST": "mail.example.edu"})
    named = {line.split()[0] for line in str(refusal.value).splitlines()}
    assert named == set(A_WRONG_VALUE) - {"PORTAL_DEMO"}


@pytest.mark.parametrize(
    "url",
    [
        "card.example.edu",
        "https://card.example.edu/",
        "https://card.example.edu/portal",
        "https://card.example.edu?x=1",
        "https://user@card.example.edu",
        "ftp://card.example.edu",
        "https://",
    ],
)
def test_the_base_url_is_a_bare_origin(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_BASE_URL must be like"):
        loaded(tmp_path, PORTAL_BASE_URL=url)


def test_outside_the_demonstration_no_secret_has_a_default(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORTAL_SECRET_KEY is not set"):
        loaded(tmp_path, PORTAL_SECRET_KEY="")


def test_a_demonstration_needs_nothing_and_keeps_its_own_secret(tmp_path: Path) -> None:
    environ = {"PORTAL_DEMO": "1", "PORTAL_INSTANCE": str(tmp_path / "one")}
    other = environ | {"PORTAL_INSTANCE": str(tmp_path / "two")}
    assert load(environ).secret_key == load(environ).secret_key
    assert load(environ).secret_key != load(other).secret_key
    assert (tmp_path / "one" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_secret_comes_from_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    found = loaded(tmp_path, PORTAL_SECRET_KEY="", PORTAL_SECRET_KEY_FILE=str(file))
    assert found.secret_key == SECRET


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORTAL_SECRET_KEY_FILE cannot be read: No such file"):
        loaded(tmp_path, PORTAL_SECRET_KEY_FILE=str(tmp_path / "nowhere"))


def test_an_empty_secret_file_is_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch()
    with pytest.raises(SettingsError, match="PORTAL_SECRET_KEY_FILE is empty"):
        loaded(tmp_path, PORTAL_SECRET_KEY_FILE=str(file))


def test_encryption_keys_that_are_none_stop_the_start(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "instance", encryption_keys=("nonsense",))
    with pytest.raises(SettingsError, match="PORTAL_ENCRYPTION_KEYS must hold Fernet keys"):
        create_app(settings)


def test_secrets_are_not_in_the_settings_own_text(tmp_path: Path) -> None:
    settings = loaded(tmp_path, PORTAL_ENCRYPTION_KEYS="newest-key older-key")
    assert settings.encryption_keys == ("newest-key", "older-key")
    assert SECRET not in repr(settings)
    assert "older-key" not in repr(settings)


def test_values_are_read_in_their_units(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        PORTAL_POLICY="2025",
        PORTAL_OFFER_LIFETIME_DAYS="14",
        PORTAL_SESSION_IDLE_MINUTES="20",
        PORTAL_TRUSTED_PROXIES="10.0.0.1, 2001:db8::/32",
    )
    assert settings.policy == "2025"
    assert settings.offer_lifetime == timedelta(days=14)
    assert settings.session_idle == timedelta(minutes=20)
    assert settings.trusted_proxies == (ip_network("10.0.0.1"), ip_network("2001:db8::/32"))
    assert (settings.mass_revocation_percent, settings.retention_months) == (5, 12)


def test_keeping_is_set_in_percent_and_months(tmp_path: Path) -> None:
    settings = loaded(tmp_path, PORTAL_MASS_REVOCATION_PERCENT="0", PORTAL_RETENTION="24")
    assert (settings.mass_revocation_percent, settings.retention_months) == (0, 24)


def test_the_stand_in_wallet_is_there_when_asked_for_and_in_the_demonstration(tmp_path: Path) -> None:
    assert not loaded(tmp_path).wallet
    assert loaded(tmp_path, PORTAL_WALLET="1").wallet
    demonstration = {"PORTAL_DEMO": "1", "PORTAL_WALLET": "0", "PORTAL_INSTANCE": str(tmp_path / "demo")}
    assert load(demonstration).wallet


def test_where_the_stand_in_wallet_is_the_app_its_name_need_not_be_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, PORTAL_WALLET="1", PORTAL_WALLET_NAME="").wallet_name == "Kieszonka"
    assert loaded(tmp_path, PORTAL_WALLET="1").wallet_name == "Portfel"


MAIL = {"PORTAL_SMTP_HOST": "mail.example.edu", "PORTAL_MAIL_FROM": "portal@example.edu"}


def test_without_a_mail_server_there_is_no_mail(tmp_path: Path) -> None:
    assert loaded(tmp_path).mail is None


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_mail_server_has_the_usual_port_of_its_encryption(
    tmp_path: Path, security: str, port: int
) -> None:
    mail = loaded(tmp_path, **MAIL, PORTAL_SMTP_SECURITY=security).mail
    assert mail is not None
    assert (mail.host, mail.sender, mail.port) == ("mail.example.edu", "portal@example.edu", port)
    assert (mail.security, mail.user) == (security, "")


def test_mail_is_encrypted_unless_told_otherwise(tmp_path: Path) -> None:
    mail = loaded(tmp_path, **MAIL, PORTAL_SMTP_PORT="2525").mail
    assert mail is not None
    assert (mail.security, mail.port) == ("starttls", 2525)


@pytest.mark.parametrize("name", MAIL)
def test_half_a_mail_server_stops_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_SMTP_HOST and PORTAL_MAIL_FROM are only good together"):
        loaded(tmp_path, **MAIL | {name: ""})


def test_the_mail_servers_password_comes_from_a_file_and_stays_hidden(tmp_path: Path) -> None:
    file = tmp_path / "smtp"
    file.write_text("very secret\n")
    login = {"PORTAL_SMTP_USER": "portal", "PORTAL_SMTP_PASSWORD_FILE": str(file)}
    settings = loaded(tmp_path, **MAIL, **login)
    assert settings.mail is not None
    assert (settings.mail.user, settings.mail.password) == ("portal", "very secret")
    assert "very secret" not in repr(settings)


@pytest.mark.parametrize(
    "login",
    [
        {"PORTAL_SMTP_USER": "portal"},
        {"PORTAL_SMTP_USER": "portal", "PORTAL_SMTP_PASSWORD": "pass", "PORTAL_SMTP_SECURITY": "none"},
    ],
)
def test_a_password_is_there_and_never_sent_in_the_clear(tmp_path: Path, login: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="PORTAL_SMTP_USER must have a PORTAL_SMTP_PASSWORD"):
        loaded(tmp_path, **MAIL, **login)


@pytest.mark.parametrize(
    ("name", "value"), [("PORTAL_ISSUANCE", "procrastinate"), ("PORTAL_LIMITS", "database")]
)
def test_what_several_processes_share_needs_postgresql(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}={value} needs PostgreSQL"):
        loaded(tmp_path, **{name: value})
    url = "postgresql+psycopg://portal@/portal"
    settings = loaded(tmp_path, **{name: value, "PORTAL_DATABASE_URL": url})
    assert value in (settings.issuance, settings.limits)
