"""The methods at `/services/…`, each by GET and POST, and their description."""

from __future__ import annotations

from functools import partial
from typing import cast

from flask import Response, jsonify, request

from portal.audit import Actor
from portal.registry.records import RegistryUnavailable
from portal.settings import settings
from portal.usosapi import openapi, scopes, signing
from portal.usosapi.errors import ApiError, invalid, missing
from portal.usosapi.fields import answer, choose
from portal.usosapi.methods import apiref, every
from portal.usosapi.methods.frame import Call, Method
from portal.usosapi.methods.users import unavailable
from portal.usosapi.models import AccessToken
from portal.usosapi.views.frame import METHODS, arguments, asked, count_token, machine


def serve(method: Method) -> Response:
    """One call. The signature is looked at before anything that it covers."""
    call = _signed(method) if method.signed else Call(arguments())
    _check_format(call)
    for argument in method.arguments:
        if argument.required and not call.arguments.get(argument.name):
            raise missing(argument.name)
    chosen = choose(method.fields, call.arguments.get("fields"), call.scopes, method.name)
    try:
        result = method.run(call)
        told = answer(chosen, result, many=method.many) if method.fields else result
    except RegistryUnavailable as error:
        raise unavailable() from error
    response = Response(told, mimetype=method.mimetype) if isinstance(told, bytes) else jsonify(told)
    response.headers["Cache-Control"] = "no-store"
    return response


def _signed(method: Method) -> Call:
    """The call of the student whose token signed it. Raises `ApiError`."""
    signed = signing.by_access_token(asked())
    count_token(signed)
    token = cast(AccessToken, signed.token)
    granted = frozenset(scopes.parse(token.scopes))
    if method.scope is not None and method.scope not in granted:
        message = f"{method.name} needs the scope {method.scope}."
        raise ApiError(403, message, "method_forbidden", reason="scope_missing", method_name=method.name)
    actor = Actor(token.account.public_id, request.remote_addr)
    return Call(arguments(), granted, token.account.student_id or 0, actor)


def _check_format(call: Call) -> None:
    if call.arguments.get("format", "json") != "json":
        raise invalid("format", "Only format=json is spoken here.")
    if "callback" in call.arguments:
        raise invalid("callback", "JSONP is not spoken here: leave out callback.")


@machine.get(apiref.DESCRIPTION)
def description() -> Response:
    return jsonify(openapi.describe(settings()))


for _method in every():
    machine.add_url_rule(
        _method.path,
        endpoint=_method.name.removeprefix("services/").replace("/", "_"),
        view_func=partial(serve, _method),
        methods=METHODS,
    )
