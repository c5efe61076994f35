"""Reading what wallets send: well-formed or refused, in the standard's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request

from portal.issuer.errors import ProtocolError
from portal.issuer.metadata import PRE_AUTHORIZED, REFRESH
from portal.issuer.urls import CONFIGURATION_ID
from portal.vc.strict_json import parse_object

FORM = "application/x-www-form-urlencoded"


GRANTED: list[dict[str, Any]] = [
    {
        "type": "openid_credential",
        "credential_configuration_id": CONFIGURATION_ID,
        "credential_identifiers": [CONFIGURATION_ID],
    }
]
"""What the answer's `authorization_details` says, where the wallet asked with them (RFC 9396)."""


@dataclass(frozen=True)
class CodeRequest:
    code: str
    activation_code: str
    by_identifier: bool
    """The wallet asked with `authorization_details`."""


@dataclass(frozen=True)
class RefreshRequest:
    refresh_token: str
    by_identifier: bool


def json_object(request: Request, error: str) -> dict[str, Any]:
    """The body as a JSON object. Raises `ProtocolError` with this code."""
    if request.mimetype != "application/json":
        raise ProtocolError(error, "the content type must be application/json")
    try:
        return parse_object(request.get_data())
    except ValueError as problem:
        raise ProtocolError(error, "the body is no well-formed JSON object") from problem


def token_request(request: Request) -> CodeRequest | RefreshRequest:
    """The form of a token request (OpenID4VCI 1.0, 6.1; RFC 6749, 6). Raises `ProtocolError`."""
    if request.mimetype != FORM:
        raise _invalid(f"the content type must be {FORM}")
    form = request.form
    if any(len(form.getlist(name)) > 1 for name in form):
        raise _invalid("a parameter stands twice")
    grant = form.get("grant_type", "")
    if not grant:
        raise _invalid("grant_type is missing")
    if grant not in (PRE_AUTHORIZED, REFRESH):
        raise ProtocolError("unsupported_grant_type", "use a pre-authorized code or a refresh token")
    if grant == REFRESH:
        return RefreshRequest(_needed(form, "refresh_token"), _asks_with_details(form))
    code, activation_code = _needed(form, "pre-authorized_code"), _needed(form, "tx_code")
    return CodeRequest(code, activation_code, _asks_with_details(form))


def _needed(form: Mapping[str, str], name: str) -> str:
    # A parameter without a value counts as left out (RFC 6749, 3.2).
    if not form.get(name):
        raise _invalid(f"{name} is missing")
    return form[name]


def _asks_with_details(form: Mapping[str, str]) -> bool:
    text = form.get("authorization_details", "")
    if not text:
        return False
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
    return True


def _invalid(description: str) -> ProtocolError:
    return ProtocolError("invalid_request", description)


def _invalid_details() -> ProtocolError:
    return ProtocolError("invalid_authorization_details", "only the offered credential can be asked for")
