"""What two libraries that nobody here wrote make of a presentation, revocation included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests
from openvc.openid4vp import VpTokenVerification, verify_vp_token
from openvc.status import verify_status_list_token
from polaris_oid4vp.sdjwt import Verdict, verify_presentation

from tests.interop.foreign_card import VCT
from tests.interop.processes import ForeignIssuer

QUERY = {
    "credentials": [{"id": "card", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}}],
}


def card_key(campus: ForeignIssuer) -> dict[str, Any]:
    return next(key for key in campus.ask("GET", "/campus/jwks")["keys"] if key["kid"] == "campus-2026")


def by_polaris(campus: ForeignIssuer, presentation: str, nonce: str, audience: str) -> Verdict:
    return verify_presentation(
        presentation,
        expected_nonce=nonce,
        expected_audience=audience,
        issuer_jwks=[card_key(campus)],
        expected_vct=VCT,
    )


def by_openvc(campus: ForeignIssuer, presentation: str, nonce: str, audience: str) -> VpTokenVerification:
    """Raises what openvc raises where it refuses; it asks the issuer for keys and status itself."""

    def fetched(url: str) -> Any:
        return requests.get(url, verify=str(campus.certificate), timeout=10)

    def status_list(uri: str) -> Mapping[str, Any]:
        token = fetched(uri).text
        return verify_status_list_token(token, public_key_jwk=card_key(campus), expected_uri=uri)

    return verify_vp_token(
        json.dumps({"card": [presentation]}),
        dcql_query=QUERY,
        nonce=nonce,
        client_id=audience,
        jwt_vc_issuer_fetch=lambda url: fetched(url).json(),
        resolve_status_list_token=status_list,
        require_status=True,
    )
