"""The way to the mail server is encrypted, the certificate checked, the password never sent in the clear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.smtp import Unavailable
from tests.support.letters import refusal, send
from tests.support.post_office import PASSWORD, USER, PostOffice, certificate, opened


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    with opened() as office:
        yield office


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file of certificates that OpenSSL trusts in this test, as an administrator would set it."""
    file = tmp_path / "trusted.pem"
    file.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return file


def test_starttls_with_a_trusted_certificate_and_a_login(tmp_path: Path, trusted: Path) -> None:
    file, context = certificate(tmp_path)
    trusted.write_bytes(file.read_bytes())
    office = PostOffice()
    office.options = {
        "tls_context": context,
        "require_starttls": True,
        "authenticator": office.check_login,
        "auth_required": True,
    }
    office.open()
    try:
        send(office.settings(security="starttls", user=USER, password=PASSWORD))
        failure, calls = refusal(office.settings(security="starttls", user=USER, password="wrong"))
        unauthenticated, _ = refusal(office.settings(security="starttls"))
    finally:
        office.close()
    assert len(office.mails) == 1
    assert office.logins[0] == (USER, True)
    assert (type(failure), calls) == (Unavailable, 0)
    assert "535" in str(failure)
    assert type(unauthenticated) is Unavailable


def test_tls_from_the_first_byte(tmp_path: Path, trusted: Path) -> None:
    file, context = certificate(tmp_path)
    trusted.write_bytes(file.read_bytes())
    with opened(ssl_context=context) as office:
        send(office.settings(security="tls"))
        assert len(office.mails) == 1


def test_a_certificate_that_nobody_trusts_is_refused(tmp_path: Path, trusted: Path) -> None:
    _, context = certificate(tmp_path)
    with opened(tls_context=context) as office:
        failure, calls = refusal(office.settings(security="starttls"))
    assert (type(failure), calls, office.mails) == (Unavailable, 0, [])
    assert "not trusted" in str(failure)


def test_a_certificate_of_another_name_is_refused(tmp_path: Path, trusted: Path) -> None:
    file, context = certificate(tmp_path, "mail.example.org")
    trusted.write_bytes(file.read_bytes())
    with opened(tls_context=context) as office:
        failure, calls = refusal(office.settings(security="starttls"))
    assert (type(failure), calls, office.mails) == (Unavailable, 0, [])
    assert "not trusted" in str(failure)


def test_without_starttls_nothing_is_sent_in_the_clear(post_office: PostOffice) -> None:
    failure, _ = refusal(post_office.settings(security="starttls", user=USER, password=PASSWORD))
    assert type(failure) is Unavailable
    assert (post_office.mails, post_office.logins) == ([], [])
