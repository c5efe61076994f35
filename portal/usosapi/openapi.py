"""The OpenAPI 3.1 description, made from the tables that the methods work by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.settings import Settings
from portal.usosapi.fields import Field, Fields
from portal.usosapi.methods import every
from portal.usosapi.methods.frame import JSON, TEXT, Argument, Method

VERSION = "1"
SIGNATURE = "oauth1"
FORM = "application/x-www-form-urlencoded"
COMMON = (
    Argument("lang", "Ignored: localised strings always come in Polish and English.", required=False),
    Argument("format", "Only json is spoken.", required=False),
)
FIELDS = Argument(
    "fields", "Which fields to answer, like a|b[c|d]; without it the usual ones.", required=False
)
ERROR: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "message": TEXT,
        "error": TEXT,
        "reason": TEXT,
        "method_name": TEXT,
        "param_name": TEXT,
        "field_name": TEXT,
        "user_messages": {"type": "object"},
        "request_id": TEXT,
    },
    "required": ["message"],
}
REASONS = {
    "400": "A parameter or the selection of fields is wrong, or the rules don't allow it now.",
    "401": "The signature is missing or wrong.",
    "403": "The student has not granted the scope.",
    "404": "There is no such object of this student's.",
    "413": "The request is too large.",
    "429": "Too many requests; Retry-After says how long to wait.",
    "503": "The portal or USOS is out of reach for a moment.",
}
NEEDS_SIGNATURE = frozenset({"401", "403", "503"})


def describe(settings: Settings) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"USOS API, {settings.university_en}",
            "version": VERSION,
            "description": "The methods of the USOS API that mobile clients need for the mLegitymacja.",
        },
        "servers": [{"url": settings.base_url}],
        "paths": {method.path: _path(method) for method in every()},
        "components": {
            "schemas": {"Error": ERROR},
            "securitySchemes": {
                SIGNATURE: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "OAuth 1.0a (RFC 5849), HMAC-SHA1, with an access token.",
                }
            },
        },
    }


def _path(method: Method) -> dict[str, Any]:
    arguments = [*method.arguments, *([FIELDS] if method.fields else []), *COMMON]
    return {
        "get": _operation(method, "get") | {"parameters": [_parameter(one) for one in arguments]},
        "post": _operation(method, "post") | {"requestBody": _body(arguments)},
    }


def _operation(method: Method, verb: str) -> dict[str, Any]:
    answers = {
        status: {"description": why, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
        for status, why in REASONS.items()
        if method.signed or status not in NEEDS_SIGNATURE
    }
    good = {"description": method.brief, "content": {method.mimetype: {"schema": schema_of(method)}}}
    return {
        "operationId": f"{verb}:{method.name}",
        "summary": method.brief,
        "tags": [method.module],
        "security": [{SIGNATURE: []}] if method.signed else [],
        "responses": {"200": good, **answers},
    }


def _parameter(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "in": "query",
        "required": argument.required,
        "description": argument.brief,
        "schema": _schema_of(argument),
    }


def _body(arguments: list[Argument]) -> dict[str, Any]:
    needed = [argument.name for argument in arguments if argument.required]
    schema = {
        "type": "object",
        "properties": {one.name: {**_schema_of(one), "description": one.brief} for one in arguments},
        "required": needed,
    }
    return {"required": bool(needed), "content": {FORM: {"schema": schema}}}


def _schema_of(argument: Argument) -> dict[str, Any]:
    return {"enum": ["json"]} if argument.name == "format" else dict(TEXT)


def schema_of(method: Method) -> dict[str, Any]:
    """What the method answers."""
    if not method.fields:
        return dict(method.schema or {})
    one = _object(method.fields)
    return {"type": "array", "items": one} if method.many else one


def _object(fields: Fields) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _value(field) for field in fields},
        "additionalProperties": False,
    }


def _value(field: Field) -> dict[str, Any]:
    told = {"description": field.brief} if field.brief else {}
    if not field.inner:
        return {**field.schema, **told}
    if field.many:
        return {"type": "array", "items": _object(field.inner), **told}
    return {**_object(field.inner), "type": field.schema["type"], **told}
