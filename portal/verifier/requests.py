"""What the wallet is asked: the signed request object (OpenID4VP 1.0, 5; RFC 9101), and the QR's text."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import Encoding

from portal import clock
from portal.issuer import urls
from portal.settings import settings
from portal.vc import jose
from portal.vc.sdjwt import TYPE, Question
from portal.verifier import keys, trust
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset

REQUESTS_PATH = "/oid4vp/requests/"
RESPONSES_PATH = "/oid4vp/responses/"
MEDIA_TYPE = "application/oauth-authz-req+jwt"
OBJECT_TYPE = "oauth-authz-req+jwt"
AUDIENCE = "https://self-issued.me/v2"
"""For wallets whose address nobody knows beforehand (OpenID4VP 1.0, 5.8)."""
QUERY_ID = "card"


def text(inspection: Inspection) -> str:
    """What the QR and the link hold. Slashes and colons may stand as they are in a query (RFC 3986, 3.4),
    which keeps the QR small."""
    uri = quote(f"{settings().base_url}{REQUESTS_PATH}{inspection.request_id}", safe="/:")
    return f"openid4vp://?client_id={keys.identity().client_id}&request_uri={uri}"


def question(inspection: Inspection) -> Question:
    """What the holder's key binding must answer to."""
    return Question(keys.identity().client_id, inspection.nonce)


def signed(inspection: Inspection) -> str:
    """The request object, signed now."""
    me = keys.identity()
    # Standard base64, not base64url (RFC 7515, 4.1.6).
    chain = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in me.chain]
    return jose.sign({"typ": OBJECT_TYPE, "x5c": chain}, _content(inspection, me.client_id), me.key)


def _content(inspection: Inspection, client_id: str) -> dict[str, Any]:
    return {
        "aud": AUDIENCE,
        "client_id": client_id,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": f"{settings().base_url}{RESPONSES_PATH}{inspection.request_id}",
        "nonce": inspection.nonce,
        "state": inspection.state,
        "dcql_query": query(Preset(inspection.preset)),
        "client_metadata": {
            "client_name": settings().university_pl,
            "client_name#en": settings().university_en,
            "vp_formats_supported": {
                TYPE: {"sd-jwt_alg_values": [jose.ALG], "kb-jwt_alg_values": [jose.ALG]}
            },
        },
        "iat": int(clock.now().timestamp()),
        "exp": int(inspection.expires_at.timestamp()),
    }


def query(preset: Preset) -> dict[str, Any]:
    """The DCQL query (OpenID4VP 1.0, 6). Without `claims` nothing is disclosed that need not be (6.4.1)."""
    asked: dict[str, Any] = {
        "id": QUERY_ID,
        "format": TYPE,
        "meta": {"vct_values": [urls.vct(settings()), *trust.types()]},
    }
    if preset.claims:
        asked["claims"] = [{"path": [name]} for name in preset.claims]
    return {"credentials": [asked]}
