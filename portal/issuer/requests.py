"""Reading what wallets send: well-formed or refused, in the standard's words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Request

from portal.issuer.errors import ProtocolError
from portal.issuer.metadata import PRE_AUTHORIZED
from portal.issuer.strict_json import parse_object
from portal.issuer.urls import CONFIGURATION_ID

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class TokenRequest:
    code: str
    activation_code: str
    details: list[dict[str, Any]] | None
    """What the answer's `authorization_details` says, where the wallet asked with them (RFC 9396)."""


def json_object(request: Request, error: str) -> dict[str, Any]:
    """The body as a JSON object. Raises `ProtocolError` with this code."""
    if request.mimetype != "application/json":
        raise ProtocolError(error, "the content type must be application/json")
    try:
        return parse_object(request.get_data())
    except ValueError as problem:
        raise ProtocolError(error, "the body is no well-formed JSON object") from problem


def token_request(request: Request) -> TokenRequest:
    """The form of a token request (OpenID4VCI 1.0, 6.1). Raises `ProtocolError`."""
    if request.mimetype != FORM:
        raise _invalid(f"the content type must be {FORM}")
    form = request.form
    if any(len(form.getlist(name)) > 1 for name in form):
        raise _invalid("a parameter stands twice")
    grant = form.get("grant_type", "")
    if not grant:
        raise _invalid("grant_type is missing")
    if grant != PRE_AUTHORIZED:
        raise ProtocolError("unsupported_grant_type", "only the pre-authorized code grant is supported")
    code, activation_code = form.get("pre-authorized_code", ""), form.get("tx_code", "")
    # A parameter without a value counts as left out (RFC 6749, 3.2).
    if not code:
        raise _invalid("pre-authorized_code is missing")
    if not activation_code:
        raise _invalid("tx_code is missing")
    return TokenRequest(code, activation_code, _details(form.get("authorization_details", "")))


def _details(text: str) -> list[dict[str, Any]] | None:
    if not text:
        return None
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise _invalid_details() from problem
    if not isinstance(sent, list) or not sent:
        raise _invalid_details()
    for detail in sent:
        if not isinstance(detail, dict) or detail.get("type") != "openid_credential":
            raise _invalid_details()
        if detail.get("credential_configuration_id") != CONFIGURATION_ID:
            raise _invalid_details()
    granted = {"type": "openid_credential", "credential_configuration_id": CONFIGURATION_ID}
    return [{**granted, "credential_identifiers": [CONFIGURATION_ID]}]


def _invalid(description: str) -> ProtocolError:
    return ProtocolError("invalid_request", description)


def _invalid_details() -> ProtocolError:
    return ProtocolError("invalid_authorization_details", "only the offered credential can be asked for")
