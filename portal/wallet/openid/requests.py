"""A verifier's request: read, and checked to come from whom it says (OpenID4VP 1.0, 5)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey

from portal.vc import jose
from portal.vc.encoding import b64
from portal.vc.fetch import Http
from portal.vc.jose import Token
from portal.vc.sdjwt import instant
from portal.vc.strict_json import parse_object
from portal.wallet.openid.dcql import Query, read_query
from portal.wallet.openid.encrypting import Recipient, recipient
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import expect_ok, optional_text, parameters, plain, server, text_in, told

TYPE = "oauth-authz-req+jwt"
MEDIA_TYPE = f"application/{TYPE}"
SIGNED = ("x509_hash", "x509_san_dns")
UNSIGNED = "redirect_uri"
PLAIN, ENCRYPTED = "direct_post", "direct_post.jwt"


@dataclass(frozen=True)
class PresentationRequest:
    """What somebody asks for, and where the answer goes."""

    client_id: str
    verifier_name: str
    """What they call themselves; nobody vouches for that."""
    response_uri: str
    nonce: str = field(repr=False)
    state: str | None = field(repr=False)
    query: Query
    signed: bool
    expires: float | None
    recipient: Recipient | None = None
    """Whom the answer is encrypted to, where it is to be."""

    @property
    def host(self) -> str:
        """Where the answer goes: this can't be made up."""
        return urlsplit(self.response_uri).netloc

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> PresentationRequest:
        """What `to_json` wrote, through JSON or not."""
        to = said["recipient"]
        read = {"query": Query.from_json(said["query"]), "recipient": Recipient(**to) if to else None}
        return cls(**{**said, **read})


def read_request(http: Http, text: str, now: datetime) -> PresentationRequest:
    """What stands behind a scanned or typed request. Raises `WalletError`."""
    said = parameters(text)
    client_id = text_in(said, "client_id")
    prefix, colon, _rest = client_id.partition(":")
    if colon and prefix in SIGNED:
        return _request(_signed(http, said, client_id, now), client_id, now, signed=True)
    if colon and prefix == UNSIGNED and "request_uri" not in said and "request" not in said:
        return _unsigned(said, client_id, now)
    raise WalletError(Problem.UNSUPPORTED)


def _signed(http: Http, said: Mapping[str, str], client_id: str, now: datetime) -> Mapping[str, Any]:
    text, wallet_nonce = _request_object(http, said)
    try:
        token = jose.read(text)
        chain = token.header.get("x5c")
        leaf = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True)) if chain else None
    except (ValueError, TypeError, KeyError) as error:
        raise WalletError(Problem.BAD_REQUEST) from error
    if leaf is None or token.header.get("typ") != TYPE or token.payload.get("client_id") != client_id:
        raise WalletError(Problem.BAD_REQUEST)
    if wallet_nonce is not None and token.payload.get("wallet_nonce") != wallet_nonce:
        raise WalletError(Problem.BAD_REQUEST)
    _check_signer(token, leaf, client_id, now)
    return token.payload


def _request_object(http: Http, said: Mapping[str, str]) -> tuple[str, str | None]:
    """The signed request, by value or by reference (5.10); and the nonce that it has to repeat, if any."""
    if request := said.get("request"):
        return request, None
    url, wallet_nonce = text_in(said, "request_uri"), None
    with told():
        if said.get("request_uri_method") == "post":
            wallet_nonce = secrets.token_urlsafe(16)
            headers = {"Accept": MEDIA_TYPE, "Content-Type": "application/x-www-form-urlencoded"}
            answer = http(
                "POST", url, headers=headers, body=urlencode({"wallet_nonce": wallet_nonce}).encode()
            )
        else:
            answer = http("GET", url, headers={"Accept": MEDIA_TYPE})
    if answer.status in (400, 404, 410):
        raise WalletError(Problem.BAD_REQUEST)
    expect_ok(answer)
    return answer.body.decode("ascii", "replace").strip(), wallet_nonce


def _check_signer(token: Token, leaf: x509.Certificate, client_id: str, now: datetime) -> None:
    """The certificate is the one that the client id names, it is its day, and its key signed (5.9.3).

    Who issued it is not asked: no list of trusted inspectors exists. That is why the holder is shown where
    the answer goes.
    """
    prefix, _colon, named = client_id.partition(":")
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise WalletError(Problem.UNSUPPORTED) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise WalletError(Problem.UNSUPPORTED)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise WalletError(Problem.BAD_REQUEST)
    if prefix == "x509_hash":
        good = b64(hashlib.sha256(leaf.public_bytes(Encoding.DER)).digest()) == named
    else:
        goes_to = server(token.payload.get("response_uri"))
        good = named in _dns_names(leaf) and goes_to is not None and goes_to.hostname == named
    try:
        jose.check_signature(token, ECKey.import_key(key))
    except jose.BadSignature as error:
        raise WalletError(Problem.BAD_REQUEST) from error
    if not good:
        raise WalletError(Problem.BAD_REQUEST)


def _dns_names(leaf: x509.Certificate) -> list[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return []
    return names.get_values_for_type(x509.DNSName)


def _unsigned(said: Mapping[str, str], client_id: str, now: datetime) -> PresentationRequest:
    """A request whose parameters stand in the address itself (5.9.3, `redirect_uri`)."""
    if client_id != f"{UNSIGNED}:{said.get('response_uri')}":
        raise WalletError(Problem.BAD_REQUEST)
    read: dict[str, Any] = dict(said)
    for name in ("dcql_query", "client_metadata"):
        if name in said:
            try:
                read[name] = parse_object(said[name].encode())
            except ValueError as error:
                raise WalletError(Problem.BAD_REQUEST) from error
    return _request(read, client_id, now, signed=False)


def _request(said: Mapping[str, Any], client_id: str, now: datetime, *, signed: bool) -> PresentationRequest:
    mode = said.get("response_mode")
    if said.get("response_type") != "vp_token" or mode not in (PLAIN, ENCRYPTED):
        raise WalletError(Problem.UNSUPPORTED)
    if "transaction_data" in said:  # never ignored, since the answer would seem to agree to it (5.1)
        raise WalletError(Problem.UNSUPPORTED)
    expires = instant(said.get("exp"))
    if expires is not None and expires <= now.timestamp():
        raise WalletError(Problem.BAD_REQUEST)
    if not optional_text(said, "nonce") or server(said.get("response_uri")) is None:
        raise WalletError(Problem.BAD_REQUEST)
    described = said.get("client_metadata")
    name = optional_text(described, "client_name") if isinstance(described, dict) else None
    return PresentationRequest(
        client_id=client_id,
        verifier_name=plain(name or "")[:200],
        response_uri=said["response_uri"],
        nonce=said["nonce"],
        state=optional_text(said, "state"),
        query=read_query(said.get("dcql_query")),
        signed=signed,
        expires=expires,
        recipient=recipient(described) if mode == ENCRYPTED else None,
    )
