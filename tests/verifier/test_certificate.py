"""The verifier's key and certificate: made once, kept private, renewed in time, replaceable."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from portal import create_app
from portal.settings import Settings, SettingsError
from tests.conftest import MovingClock, make_settings
from tests.support.inspected import Phone
from tests.verifier.conftest import Inspector


@pytest.fixture
def keys(instance: Path) -> Path:
    return instance / "keys" / "verifier"


def certificate(keys: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates((keys / "certificate.pem").read_bytes())[0]


def names(found: x509.Certificate) -> x509.SubjectAlternativeName:
    return found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_the_first_start_makes_a_private_key_and_a_certificate(tmp_path: Path, clock: MovingClock) -> None:
    instance = tmp_path / "new"
    create_app(make_settings(instance), time=clock)
    keys = instance / "keys" / "verifier"
    assert (keys / "key.pem").stat().st_mode & 0o777 == 0o600
    made = certificate(keys)
    assert names(made).get_values_for_type(x509.DNSName) == ["legitymacja.example.org"]
    assert made.not_valid_before_utc < clock.now()
    assert made.not_valid_after_utc == clock.now() + timedelta(days=730)
    made.verify_directly_issued_by(made)


def test_a_portal_at_an_address_without_a_name_has_a_certificate_for_that(tmp_path: Path) -> None:
    create_app(make_settings(tmp_path / "new", base_url="http://127.0.0.1:8000"))
    made = certificate(tmp_path / "new" / "keys" / "verifier")
    assert names(made).get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


def test_another_start_keeps_them(settings: Settings, keys: Path, clock: MovingClock) -> None:
    before = (keys / "key.pem").read_bytes(), (keys / "certificate.pem").read_bytes()
    create_app(settings, time=clock)
    assert before == ((keys / "key.pem").read_bytes(), (keys / "certificate.pem").read_bytes())


def test_before_its_end_the_running_server_makes_a_new_one_for_the_same_key(
    app: Flask, inspector: Inspector, phone: Phone, clock: MovingClock, sweep: Callable[[], None]
) -> None:
    old = phone.read(inspector.begin().qr).certificate
    clock.instant = old.not_valid_after_utc - timedelta(days=31)
    sweep()
    assert phone.read(inspector.begin().qr).certificate == old
    clock.move(days=2)
    sweep()
    new = phone.read(inspector.begin().qr).certificate
    assert new.not_valid_after_utc == clock.now() + timedelta(days=730)
    assert new.public_key() == old.public_key()


def authoritys(keys: Path, clock: MovingClock, days: int = 10) -> str:
    """A chain of an authority for the verifier's key, the leaf first."""
    root = ec.generate_private_key(ec.SECP256R1())
    private = serialization.load_pem_private_key((keys / "key.pem").read_bytes(), None)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Urząd")])
    pem = ""
    for subject, key in (("Politechnika", private), ("Urząd", root)):
        builder = x509.CertificateBuilder().issuer_name(issuer).serial_number(x509.random_serial_number())
        builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        builder = builder.not_valid_before(clock.now()).not_valid_after(clock.now() + timedelta(days=days))
        made = builder.public_key(key.public_key()).sign(root, hashes.SHA256())  # type: ignore[union-attr,arg-type]
        pem += made.public_bytes(serialization.Encoding.PEM).decode()
    return pem


def test_an_administrators_chain_is_used_at_once_and_never_replaced(
    inspector: Inspector, phone: Phone, keys: Path, clock: MovingClock, sweep: Callable[[], None]
) -> None:
    (keys / "certificate.pem").write_text(authoritys(keys, clock))
    sweep()
    check = inspector.begin()
    asked = phone.read(check.qr)
    assert asked.certificate.issuer.rfc4514_string() == "CN=Urząd"
    assert len(asked.header["x5c"]) == 2
    assert phone.show(check.qr).status == 200
    assert check.verdict == "WAŻNA"


def test_the_command_shows_who_asks_and_warns_of_the_end(
    app: Flask, inspector: Inspector, phone: Phone, keys: Path, clock: MovingClock
) -> None:
    (keys / "certificate.pem").write_text(authoritys(keys, clock))
    result = app.test_cli_runner().invoke(args=["verifier", "certificate"])
    assert phone.read(inspector.begin().qr).client_id in result.output
    for told in ("Podmiot: CN=Politechnika", "Wystawca: CN=Urząd", "Certyfikaty w łańcuchu: 2"):
        assert told in result.output
    assert "Niedługo wygaśnie" in result.output


@pytest.mark.parametrize("content", ["", "no certificate", "another key's"])
def test_a_certificate_that_does_not_fit_stops_the_start(
    settings: Settings, keys: Path, tmp_path: Path, content: str
) -> None:
    if content == "another key's":
        create_app(make_settings(tmp_path / "another"))
        content = (tmp_path / "another" / "keys" / "verifier" / "certificate.pem").read_text()
    (keys / "certificate.pem").write_text(content)
    with pytest.raises(SettingsError, match=r"certificate\.pem"):
        create_app(settings)
