"""SD-JWT (RFC 9901): a signed token whose claims can be disclosed one by one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from portal.issuer.keys import SigningKey
from portal.vc.encoding import b64, json_bytes
from portal.vc.sdjwt import TYPE

SALT_BYTES = 16
"""128 bit (RFC 9901, 9.3)."""


def issue(visible: Mapping[str, Any], disclosable: Mapping[str, Any], key: SigningKey) -> str:
    """The token with all its disclosures, ending in ``~``: what a holder gets (RFC 9901, 4)."""
    disclosures = [
        b64(json_bytes([b64(secrets.token_bytes(SALT_BYTES)), name, value]))
        for name, value in disclosable.items()
    ]
    # Sorted, so that the order tells nothing about which digest is which claim (4.2.4.1).
    digests = sorted(b64(hashlib.sha256(disclosure.encode()).digest()) for disclosure in disclosures)
    payload = {**visible, "_sd": digests, "_sd_alg": "sha-256"}
    return "~".join([key.sign(TYPE, json_bytes(payload)), *disclosures, ""])
