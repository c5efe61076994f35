"""Another university: its cards are made by the IETF's reference implementation, its answers are canned."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer

from portal.vc.fetch import Answer, Unreachable
from tests.conftest import MovingClock
from tests.support.people import make_jpeg
from tests.support.wallet import HeldCard, ReadOffer, new_key, sign

URL = "https://card.uni.example/issuer"
KEYS = "https://card.uni.example/.well-known/jwt-vc-issuer/issuer"
METADATA = "https://card.uni.example/.well-known/openid-credential-issuer/issuer"
LIST = "https://card.uni.example/status/7"
VCT = "https://card.uni.example/types/student"
HOURS = 3600
NO_OFFER = ReadOffer("", "", {}, {}, {})


@dataclass
class Campus:
    """An `Http` that answers for the university alone, and only where it is `up`."""

    clock: MovingClock
    key: JWK = field(default_factory=new_key)
    up: bool = True
    list_up: bool = True
    without_metadata: bool = False
    bits: int = 1
    packed: bytearray = field(default_factory=lambda: bytearray(1000))
    """The status list: index 0 is in the lowest bits of the first byte (Token Status List, 4.1)."""
    list_life: int = 12 * HOURS
    asked: list[str] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    """What the documents say otherwise."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        self.asked.append(url)
        if not self.up or (url == LIST and not self.list_up):
            raise Unreachable("down")
        if url == LIST:
            return Answer(200, {}, self.status_list().encode())
        found = {KEYS: self.keys, METADATA: self.metadata}.get(url)
        if url == METADATA and self.without_metadata:
            found = None
        return Answer(404, {}, b"") if found is None else Answer(200, {}, json.dumps(found()).encode())

    def keys(self) -> dict[str, Any]:
        published = {**self.key.export_public(as_dict=True), "kid": "2026"}
        return {"issuer": URL, "jwks": {"keys": [published]}} | self.changes

    def metadata(self) -> dict[str, Any]:
        display = [
            {"name": "Uniwersytet Inny", "locale": "pl"},
            {"name": "Other University", "locale": "en-GB"},
        ]
        configurations = {"x": {"format": "dc+sd-jwt", "vct": VCT}, "y": {"format": "mso_mdoc"}}
        return {
            "credential_issuer": URL,
            "display": display,
            "credential_configurations_supported": configurations,
        } | self.changes

    def status_list(self) -> str:
        lst = base64.urlsafe_b64encode(zlib.compress(bytes(self.packed))).rstrip(b"=").decode()
        now = int(self.clock.now().timestamp())
        said = {"iss": URL, "sub": LIST, "iat": now, "exp": now + self.list_life, "ttl": 600}
        header = {"typ": "statuslist+jwt", "alg": "ES256", "kid": "2026"}
        return sign(header, {**said, "status_list": {"bits": self.bits, "lst": lst}}, self.key)

    def issue(self, holder: JWK, **changes: Any) -> HeldCard:
        """A card with some claims to disclose; `changes` replace or (None) remove what it says."""
        now = int(self.clock.now().timestamp())
        said = {
            "iss": URL,
            "vct": VCT,
            "exp": now + 1000 * HOURS,
            "status": {"status_list": {"idx": 5, "uri": LIST}},
            SDObj("given_name"): "Ola",
            SDObj("family_name"): "Obca",
            SDObj("picture"): "data:image/jpeg;base64," + base64.b64encode(make_jpeg()).decode(),
            SDObj("student_number"): "X-99",
        }
        for name, value in changes.items():
            key = SDObj(name) if SDObj(name) in said else name
            said[key] = value
        said = {name: value for name, value in said.items() if value is not None}
        issuer = SDJWTIssuer(
            said, self.key, holder, "ES256", extra_header_parameters={"typ": "dc+sd-jwt", "kid": "2026"}
        )
        return HeldCard(issuer.sd_jwt_issuance, "", "", NO_OFFER, {})
