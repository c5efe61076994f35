"""What the endpoints for apps share: how a request is read, what is said no to, how it is said."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import MethodNotAllowed

from portal.extensions import csrf
from portal.settings import settings
from portal.throttle import network_of
from portal.usosapi import throttles
from portal.usosapi.errors import ApiError, invalid
from portal.usosapi.signing import Asked, Signed

FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "POST")
_OAUTH = "oauth_"

pages = Blueprint("usosapi", __name__)
machine = Blueprint("services", __name__)
# It uses no cookie: a signature, or nothing.
csrf.exempt(machine)


@machine.before_request
def limit() -> None:
    if request.method == "HEAD":
        # A signed GET may change something here, and HEAD must not.
        raise MethodNotAllowed(list(METHODS))
    throttles.count(throttles.ADDRESSES, network_of(request.remote_addr))


@machine.errorhandler(ApiError)
def refused(error: ApiError) -> Response:
    response = jsonify(error.body)
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = f'OAuth realm="{settings().base_url}/"'
    if error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def asked() -> Asked:
    """This request as its signature covers it (RFC 5849, 3.4.1.3.1): other bodies than forms are not."""
    return Asked(
        method=request.method,
        path=request.path,
        query=tuple(request.args.items(multi=True)),
        form=tuple(_form()),
        authorization=request.headers.get("Authorization", ""),
    )


def arguments() -> dict[str, str]:
    """The method's parameters, from the query and the form. Raises `ApiError` where one stands twice."""
    sent = [*request.args.items(multi=True), *_form()]
    given = [(name, value) for name, value in sent if not name.startswith(_OAUTH)]
    for name, count in Counter(name for name, _ in given).items():
        if count > 1:
            raise invalid(name, f"The parameter {name} stands {count} times.")
    return dict(given)


def count_token(signed: Signed) -> None:
    """Raises `ApiError` (429) where this app asks too often: for one student, or from one address."""
    whose = network_of(request.remote_addr) if signed.token is None else str(signed.token.id)
    throttles.count(throttles.TOKENS, f"{signed.consumer.public_id} {whose}")


def _form() -> list[tuple[str, str]]:
    return list(request.form.items(multi=True)) if request.mimetype == FORM else []
