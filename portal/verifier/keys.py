"""The verifier's key and certificate: what signs its requests, and who it is (OpenID4VP 1.0, 5.9.3).

They are files of the instance directory. The certificate is self-signed and made anew before it ends; an
administrator may put the chain of an authority that wallets know in its place.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import current_app
from joserfc.jwk import ECKey

from portal.files import secret_file, write_private
from portal.settings import Settings, SettingsError
from portal.vc.encoding import b64

LIFETIME = timedelta(days=730)
REMADE_BEFORE_END = timedelta(days=30)
BACKDATED = timedelta(days=1)
"""For wallets whose clock is behind."""
LONGEST_NAME = 64
"""Characters of a common name (RFC 5280, A.1)."""
PREFIX = "x509_hash:"

Stamp = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Identity:
    """A private key with the certificates that belong to it, the leaf first."""

    key: ECKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the leaf."""
        return hashlib.sha256(self.leaf.public_bytes(serialization.Encoding.DER)).digest()

    @property
    def client_id(self) -> str:
        """How wallets know who asks (OpenID4VP 1.0, 5.9.3, `x509_hash`)."""
        return PREFIX + b64(self.digest)

    @property
    def own(self) -> bool:
        """Whether the certificate is self-signed, so that a new one may take its place."""
        return self.leaf.issuer == self.leaf.subject


class IdentityStore:
    """The files of one instance directory; whoever signs looks at them first, so a new one counts at once."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._key_path = directory / "key.pem"
        self._chain_path = directory / "certificate.pem"
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: tuple[Stamp, Identity] | None = None

    def prepare(self, now: datetime) -> None:
        """Make what is missing, and a new certificate where ours ends soon.

        Raises `OSError`, and `SettingsError` where the files don't fit each other.
        """
        pem = secret_file(self._key_path, _new_key)
        secret_file(self._chain_path, lambda: _self_signed(pem, self._settings, now))
        identity = self.current()
        if identity.own and identity.leaf.not_valid_after_utc - now < REMADE_BEFORE_END:
            write_private(self._chain_path, _self_signed(pem, self._settings, now))

    def current(self) -> Identity:
        """Raises `OSError` and `SettingsError`, as `prepare`."""
        stamp = (_stamp(self._key_path), _stamp(self._chain_path))
        loaded = self._loaded
        if loaded is None or loaded[0] != stamp:
            with self._lock:
                loaded = self._loaded = (stamp, _read(self._key_path, self._chain_path))
        return loaded[1]


def store() -> IdentityStore:
    return cast(IdentityStore, current_app.extensions["portal.verifier.identity"])


def identity() -> Identity:
    """Who this portal's verifier is now."""
    return store().current()


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns


def _new_key() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _read(key_path: Path, chain_path: Path) -> Identity:
    wrong = SettingsError(
        f"{key_path} must hold a P-256 key, and {chain_path} its certificate first, then the chain's others"
    )
    try:
        private = serialization.load_pem_private_key(key_path.read_bytes(), None)
        chain = tuple(x509.load_pem_x509_certificates(chain_path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise wrong from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise wrong
    if chain[0].public_key() != private.public_key():
        raise wrong
    return Identity(ECKey.import_key(private), chain)


def _self_signed(pem: str, settings: Settings, now: datetime) -> str:
    private = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise SettingsError("the verifier's key must be a P-256 key")
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, settings.university_pl[:LONGEST_NAME] or settings.host)]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_host(settings)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signs_only(), critical=True)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _host(settings: Settings) -> x509.GeneralName:
    host = urlsplit(settings.base_url).hostname or ""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
