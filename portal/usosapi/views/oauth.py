"""Tokens for apps (OAuth 1.0a, RFC 5849, 2): asked for, exchanged, given back. Answers are form-encoded."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from flask import Response, jsonify, request

from portal.audit import Actor
from portal.usosapi import consumers, scopes, signing, tokens
from portal.usosapi.errors import ApiError, invalid, missing, unsigned
from portal.usosapi.models import AccessToken, Consumer, RequestToken
from portal.usosapi.scopes import Scope
from portal.usosapi.tokens import NewToken
from portal.usosapi.views.frame import FORM, METHODS, arguments, asked, count_token, machine


@machine.route("/services/oauth/request_token", methods=METHODS)
def request_token() -> Response:
    signed = signing.by_app(asked())
    count_token(signed)
    callback = signed.named("oauth_callback")
    if not callback:
        raise missing("oauth_callback")
    if not consumers.may_lead_to(signed.consumer, callback):
        raise invalid("oauth_callback", "This is not the callback that the app is registered with, nor oob.")
    wanted = _wanted(signed.consumer, arguments().get("scopes", ""))
    new = tokens.ask(signed.consumer, callback, wanted)
    return _token(new, oauth_callback_confirmed="true")


@machine.route("/services/oauth/access_token", methods=METHODS)
def access_token() -> Response:
    signed = signing.by_request_token(asked())
    count_token(signed)
    shown = signed.named("oauth_verifier")
    if not shown:
        raise missing("oauth_verifier")
    asking = cast(RequestToken, signed.token)
    try:
        return _token(tokens.exchange(asking, signed.named("oauth_token"), shown))
    except tokens.WrongVerifier as error:
        raise unsigned("The verifier is wrong, or nobody has agreed.", "verifier_invalid") from error


@machine.route("/services/oauth/revoke_token", methods=METHODS)
def revoke_token() -> Response:
    signed = signing.by_access_token(asked())
    granted = cast(AccessToken, signed.token)
    tokens.revoke(granted, Actor(granted.account.public_id, request.remote_addr))
    return jsonify({})


def _wanted(consumer: Consumer, text: str) -> tuple[Scope, ...]:
    """What the app asks for. Raises `ApiError` for what is unknown, or more than it is registered with."""
    try:
        wanted = scopes.parse(text)
    except scopes.UnknownScope as error:
        raise invalid("scopes", f"There is no scope {error}.") from error
    too_much = set(wanted) - set(scopes.parse(consumer.scopes))
    if too_much:
        message = f"The app is not registered for: {scopes.joined(too_much)}."
        raise ApiError(403, message, "param_forbidden", reason="scope_missing", param_name="scopes")
    return wanted


def _token(new: NewToken, **more: str) -> Response:
    answer = {"oauth_token": new.token, "oauth_token_secret": new.secret, **more}
    response = Response(urlencode(answer), mimetype=FORM)
    response.headers["Cache-Control"] = "no-store"
    return response
