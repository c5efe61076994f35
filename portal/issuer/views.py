"""The protocol's endpoints. They use no cookie, so no CSRF token; what they decide stands elsewhere."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from portal.audit import Actor
from portal.extensions import csrf
from portal.issuer import (
    credentials,
    families,
    logo,
    metadata,
    nonces,
    notifications,
    offers,
    refreshing,
    status_lists,
    throttles,
    tokens,
    urls,
)
from portal.issuer.errors import ProtocolError, bad_token, no_token
from portal.issuer.requests import GRANTED, CodeRequest, json_object, token_request
from portal.issuer.tokens import Bearer
from portal.metrics import metrics
from portal.settings import settings
from portal.throttle import network_of

blueprint = Blueprint("issuer", __name__)
csrf.exempt(blueprint)

PUBLIC_FOR = 300
"""Seconds that descriptions may be cached; they change with the settings only."""


@blueprint.before_request
def limit() -> None:
    """One address has a limit, generous enough for a lecture hall behind one."""
    if request.endpoint in _UNLIMITED:
        return
    wait = throttles.wallets().wait(network_of(request.remote_addr))
    if wait:
        raise ProtocolError("slow_down", "too many requests", status=429, retry_after=wait)


@blueprint.after_request
def open_to_browsers(response: Response) -> Response:
    """Wallets and verifiers may run in browsers; nothing here depends on a cookie, so any origin may ask."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


@blueprint.errorhandler(ProtocolError)
def refused(error: ProtocolError) -> Response:
    metrics().wallet_error(error.error)
    response = jsonify(error=error.error, error_description=error.description, **error.members)
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if error.challenge:
        response.headers["WWW-Authenticate"] = error.challenge
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@blueprint.get(urls.ISSUER_METADATA_PATH)
def issuer_metadata() -> Response:
    return _public(metadata.issuer(settings()))


@blueprint.get(urls.SERVER_METADATA_PATH)
def server_metadata() -> Response:
    return _public(metadata.authorization_server(settings()))


@blueprint.get(urls.VCT_PATH)
def type_metadata() -> Response:
    return _public(metadata.credential_type(settings()))


@blueprint.get(urls.JWT_VC_ISSUER_PATH)
def jwt_vc_issuer() -> Response:
    # Asked anew each time: a rotated key signs at once.
    return _public(metadata.jwt_vc_issuer(settings()), max_age=0)


@blueprint.get(urls.LOGO_PATH)
def card_logo() -> Response:
    return _cached(Response(logo.SVG, mimetype="image/svg+xml"), PUBLIC_FOR)


@blueprint.get(urls.OFFERS_PATH + "<address>")
def offer(address: str) -> Response:
    known = offers.by_address(address)
    if known is not None and known.is_open() and known.code is not None:
        return _private(metadata.offer(settings(), known.code))
    if request.method == "GET":
        _audit_refused(known)
    raise ProtocolError("not_found", "there is no such open offer", status=404)


@blueprint.post(urls.TOKEN_PATH)
def token() -> Response:
    asked = token_request(request)
    if isinstance(asked, CodeRequest):
        granted = tokens.redeem(
            asked.code, asked.activation_code, _wallet(), by_identifier=asked.by_identifier
        )
    else:
        granted = refreshing.refresh(asked.refresh_token, _wallet(), by_identifier=asked.by_identifier)
    answer: dict[str, Any] = {
        "access_token": granted.access_token,
        "token_type": "Bearer",
        "expires_in": int(families.LIFETIME.total_seconds()),
        "refresh_token": granted.refresh_token,
    }
    if granted.by_identifier:
        answer["authorization_details"] = GRANTED
    return _private(answer)


@blueprint.post(urls.NONCE_PATH)
def nonce() -> Response:
    return _private({"c_nonce": nonces.new_nonce()})


@blueprint.post(urls.CREDENTIAL_PATH)
def credential() -> Response:
    bearer = _bearer()
    issued = credentials.issue(bearer, json_object(request, "invalid_credential_request"))
    return _private(
        {"credentials": [{"credential": issued.credential}], "notification_id": issued.notification_id}
    )


@blueprint.post(urls.NOTIFICATION_PATH)
def notification() -> Response:
    bearer = _bearer()
    notifications.note(bearer, json_object(request, "invalid_notification_request"))
    return Response(status=204)


@blueprint.get(urls.STATUS_LISTS_PATH + "<int(max=2147483647):list_id>")
def status_list(list_id: int) -> Response:
    try:
        signed = status_lists.publisher().get(list_id)
    except status_lists.Busy as busy:
        raise ProtocolError("temporarily_unavailable", "try again", status=503, retry_after=1) from busy
    if signed is None:
        raise ProtocolError("not_found", "there is no such status list", status=404)
    response = Response(signed.token, content_type="application/statuslist+jwt")
    response.set_etag(signed.etag)
    response.headers["Cache-Control"] = f"public, max-age={signed.max_age}"
    return make_response(response.make_conditional(request))


_UNLIMITED = frozenset(
    f"issuer.{view.__name__}"
    for view in (issuer_metadata, server_metadata, type_metadata, jwt_vc_issuer, card_logo, status_list)
)


def _wallet() -> Actor:
    return Actor("wallet", request.remote_addr)


def _bearer() -> Bearer:
    """The access token of the request (RFC 6750, 2.1); raises `ProtocolError` (401)."""
    sent = request.authorization
    if sent is None:
        raise no_token()
    if sent.type != "bearer" or not sent.token or not sent.token.isascii():
        raise bad_token()
    return tokens.bearer(sent.token)


def _audit_refused(known: offers.Known | None) -> None:
    if known is None:
        offers.refuse_unknown(_wallet(), "address")
    else:
        offers.refuse_closed(known, _wallet(), "address")


def _private(answer: dict[str, Any]) -> Response:
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


def _public(answer: dict[str, Any], max_age: int = PUBLIC_FOR) -> Response:
    return _cached(jsonify(answer), max_age)


def _cached(response: Response, max_age: int) -> Response:
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={max_age}" if max_age else "no-cache"
    return make_response(response.make_conditional(request))
