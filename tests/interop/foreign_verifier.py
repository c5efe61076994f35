"""An OpenID4VP 1.0 verifier that nobody here wrote: the PyPI package `polaris-oid4vp`, on its own listener.

It asks with a signed request (`x509_hash`), listens over TLS and judges with its own code. What it wants by
itself is an encrypted answer (`direct_post.jwt`). `PlainVerifier` asks for a plain one instead, and encrypts
what comes before the library reads it: so the judge is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from polaris_oid4vp.cli import FILES, keygen
from polaris_oid4vp.jwe import b64u_decode, encrypt_compact
from polaris_oid4vp.sdjwt import Verdict
from polaris_oid4vp.serve import REQUEST_PATH, RESPONSE_PATH, serve
from polaris_oid4vp.verifier import Session, Verifier, _sign_es256

from tests.interop.foreign_card import VCT
from tests.interop.judges import card_key
from tests.interop.processes import ForeignIssuer
from tests.support.server import free_port

ASKED = ("given_name", "picture")


class PlainVerifier(Verifier):
    """As its library has it, but for the way the answer is sent."""

    def _request_object(self, session: Session, wallet_nonce: str | None = None) -> str:
        made = super()._request_object(session, wallet_nonce)
        header, payload, _signature = made.split(".")
        said = {**json.loads(b64u_decode(payload)), "response_mode": "direct_post"}
        said["client_metadata"] = {
            "client_name": "Kontrola biletów",
            "vp_formats_supported": said["client_metadata"]["vp_formats_supported"],
        }
        return str(_sign_es256(self.key, json.loads(b64u_decode(header)), said))

    def handle_direct_post(self, form: Mapping[str, Any]) -> tuple[int, dict[str, Any], Verdict]:
        session = self._sessions.get(form.get("state", [""])[0])
        if "vp_token" not in form or session is None:
            return super().handle_direct_post(form)
        said = {"state": form["state"][0], "vp_token": json.loads(form["vp_token"][0])}
        sealed = encrypt_compact(json.dumps(said).encode(), session.enc_key.public_key())
        return super().handle_direct_post({"response": [sealed]})


@dataclass(frozen=True)
class Question:
    """What is asked, of whose cards, and how."""

    issuer_key: Mapping[str, Any]
    vct: str
    kind: type[Verifier] = PlainVerifier
    claims: Sequence[Any] = ASKED


class Inspection:
    """A verifier at its post: what it asks, and what it makes of the answers."""

    def __init__(self, directory: Path, certificates: tuple[Path, Path], question: Question) -> None:
        keygen(directory, "127.0.0.1")
        base = f"https://127.0.0.1:{(port := free_port())}"
        self.verifier = question.kind(
            client_cert_pem=(directory / FILES["client_cert"]).read_bytes(),
            client_key_pem=(directory / FILES["client_key"]).read_bytes(),
            request_uri=base + REQUEST_PATH,
            response_uri=base + RESPONSE_PATH,
            issuer_jwks=[question.issuer_key],
            vct_values=[question.vct],
            claims=question.claims,
        )
        self.verdicts: list[tuple[int, Verdict]] = []
        certificate, key = map(str, certificates)
        self._listener = serve(
            self.verifier,
            host="127.0.0.1",
            port=port,
            certfile=certificate,
            keyfile=key,
            on_verdict=self._heard,
        )

    def _heard(self, status: int, _body: Mapping[str, Any], verdict: Verdict) -> None:
        self.verdicts.append((status, verdict))

    def ask(self) -> tuple[Session, str]:
        """A new request, and the text of its QR."""
        session, _ = self.verifier.new_request()
        parameters = self.verifier.authorization_request_params(session)
        return session, "openid4vp://?" + urlencode(parameters)

    @contextmanager
    def another_key(self) -> Iterator[None]:
        """What is signed meanwhile is signed by a key that the certificate isn't of."""
        own, self.verifier.key = self.verifier.key, ec.generate_private_key(ec.SECP256R1())
        yield
        self.verifier.key = own

    def close(self) -> None:
        self._listener.shutdown()
        self._listener.server_close()


class Posts:
    """Verifiers that ask for cards of the campus, one for each question."""

    def __init__(self, campus: ForeignIssuer, directories: pytest.TempPathFactory) -> None:
        self._campus = campus
        self._directories = directories
        self._open: dict[str, Inspection] = {}

    def asking(self, **asked: Any) -> Inspection:
        """Whose verdicts so far are forgotten."""
        if repr(asked) not in self._open:
            question = Question(card_key(self._campus), VCT, **asked)
            directory = self._directories.mktemp("post")
            self._open[repr(asked)] = Inspection(directory, self._campus.certificates, question)
        post = self._open[repr(asked)]
        post.verdicts.clear()
        return post

    def close(self) -> None:
        for post in self._open.values():
            post.close()
