"""A student card unlike ours, made by others: the IETF's `sd_jwt` signs the card, `openvc` its status list.

What differs on purpose: a `vct` that is no address, no `nbf`, no card number and no PESEL, an object whose
members are disclosed one by one inside a disclosed object, a list whose elements are, decoy digests, a PNG,
two bits for each status.
"""

from __future__ import annotations

import base64
import io
import time
from typing import Any

from jwcrypto.jwk import JWK
from openvc.keys import P256SigningKey
from openvc.status import build_status_list_token, new_status_list, set_status
from PIL import Image
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer

VCT = "urn:example:campus:student:3"
LIST_SIZE = 4096
BITS = 2
DAY = 24 * 3600


def picture() -> str:
    out = io.BytesIO()
    Image.new("RGB", (90, 120), "#227755").save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


class CardMaker:
    """The campus' card office: one signing key, one status list."""

    def __init__(self, issuer: str, lists: str) -> None:
        self.issuer = issuer
        self.lists = lists
        self.key = JWK.generate(kty="EC", crv="P-256", kid="campus-2026", alg="ES256", use="sig")
        self._list_key = P256SigningKey.from_jwk(self.key.export(as_dict=True), "campus-2026")
        self._statuses = new_status_list(LIST_SIZE, bits=BITS)
        self.last_index = 1000
        self.list_lasts = 6 * 3600

    def make(self, holder: dict[str, Any], lasts: int = 120 * DAY) -> tuple[str, int]:
        """A card for the holder of this key, and its place in the status list."""
        self.last_index = index = self.last_index + 37
        made = SDJWTIssuer(
            self._claims(index, lasts),
            self.key,
            holder_key=JWK(**{name: holder[name] for name in ("kty", "crv", "x", "y")}),
            sign_alg="ES256",
            add_decoy_claims=True,
            extra_header_parameters={"typ": "dc+sd-jwt", "kid": "campus-2026"},
        )
        return made.sd_jwt_issuance, index

    def _claims(self, index: int, lasts: int) -> dict[Any, Any]:
        now = int(time.time())
        address = {SDObj("locality"): "Évora", SDObj("country"): "PT"}
        return {
            "iss": self.issuer,
            "iat": now,
            "exp": now + lasts,
            "vct": VCT,
            "status": {"status_list": {"idx": index, "uri": self._list_of(index)}},
            "issuing_authority": "Universidade do Exemplo",
            "assurance": {"level": "substantial"},
            SDObj("given_name"): "Inês",
            SDObj("family_name"): "Conceição d'Ávila",
            SDObj("birthdate"): "2003-02-28",
            SDObj("student_number"): "L-2025/77A",
            SDObj("picture"): picture(),
            SDObj("address"): address,
            SDObj("age_over_18"): True,
            "nationalities": [SDObj("PT"), SDObj("PL")],
        }

    def set_status(self, index: int, value: int) -> None:
        """0: valid, 1: invalid, 2: suspended (Token Status List, 7.1)."""
        set_status(self._statuses, index, value, bits=BITS)

    def _list_of(self, index: int) -> str:
        """An address for each card, so that no test sees what another has made readers remember."""
        return f"{self.lists}/{index}"

    def status_list(self, number: int) -> str:
        now = int(time.time())
        return build_status_list_token(
            signing_key=self._list_key,
            uri=self._list_of(number),
            status_list=bytes(self._statuses),
            bits=BITS,
            issued_at=now,
            expires=now + self.list_lasts,
            ttl=1,
        )

    def published_keys(self) -> dict[str, Any]:
        """The card key among others that a reader has no use for."""
        others = [
            JWK.generate(kty="RSA", size=2048, kid="old"),
            JWK.generate(kty="OKP", crv="Ed25519", kid="ed"),
        ]
        return {"keys": [key.export_public(as_dict=True) for key in (*others, self.key)]}
