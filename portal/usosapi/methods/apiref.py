"""services/apiref: the methods describe themselves, from the tables that they work by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from portal.settings import settings
from portal.usosapi.errors import invalid, not_found
from portal.usosapi.fields import Field, Fields
from portal.usosapi.methods import apisrv, cards, users
from portal.usosapi.methods.frame import (
    FLAG,
    NULLABLE_TEXT,
    TEXT,
    TEXTS,
    Argument,
    Call,
    Method,
    taken,
)
from portal.usosapi.scopes import Scope

TITLES = {
    "services/apiref": "Description of the methods",
    "services/apisrv": "The server",
    "services/cards": "Plastic and mobile cards",
    "services/photos": "Photos",
    "services/users": "The student",
}
DESCRIPTION = "/services/openapi.json"
SCOPES = {
    Scope.CARDS: "The plastic card; ordering, reading the codes of, and ending an mLegitymacja.",
    Scope.STUDIES: "Album number and status.",
    Scope.PHOTO: "The photo.",
    Scope.PERSONAL: "The PESEL number.",
    Scope.EMAIL: "The e-mail address.",
    Scope.OFFLINE_ACCESS: "A token without a time limit.",
}


def every() -> tuple[Method, ...]:
    return tuple(sorted((*apisrv.METHODS, *users.METHODS, *cards.METHODS, *METHODS), key=lambda m: m.name))


def method_index(_call: Call) -> list[dict[str, Any]]:
    return [{"name": method.name, "brief_description": method.brief} for method in every()]


def method(call: Call) -> dict[str, Any]:
    name = _named(call)
    return next((_described(known) for known in every() if known.name == name), None) or _unknown()


def module(call: Call) -> dict[str, Any]:
    name = _named(call)
    inside = [known.name for known in every() if known.module == name]
    if not inside and name != "services":
        raise not_found("name")
    title = TITLES.get(name, "All modules")
    return {
        "name": name,
        "title": title,
        "brief_description": title,
        "description": title,
        "submodules": sorted(TITLES) if name == "services" else [],
        "methods": inside,
        "beta": False,
    }


def scopes(_call: Call) -> list[dict[str, str]]:
    return [{"key": scope.value, "developers_description": SCOPES[scope]} for scope in Scope]


def _named(call: Call) -> str:
    name = call.arguments["name"]
    if name != "services" and not name.startswith("services/"):
        raise invalid("name", "The name must begin with services/.")
    return name


def _unknown() -> dict[str, Any]:
    raise not_found("name")


def _described(known: Method) -> dict[str, Any]:
    used = "required" if known.signed else "ignored"
    return {
        "name": known.name,
        "short_name": known.name.rpartition("/")[2],
        "description": known.brief,
        "brief_description": known.brief,
        "ref_url": settings().base_url + DESCRIPTION,
        "auth_options": {
            "consumer": used,
            "token": used,
            "administrative_only": False,
            "ssl_required": True,
            "scopes": [known.scope.value] if known.scope else [],
        },
        "arguments": [_argument(argument) for argument in _arguments(known)],
        "returns": "A JSON value." if known.mimetype.endswith("json") else known.mimetype,
        "errors": "A JSON object with message, error and reason.",
        "result_fields": list(_result_fields(known.fields)),
        "beta": False,
        "deprecated": None,
        "admin_access": False,
        "is_internal": False,
    }


def _arguments(known: Method) -> Sequence[Argument]:
    selection = Argument("fields", "Which fields to answer, like a|b[c|d].", required=False)
    return (*known.arguments, selection) if known.fields else known.arguments


def _argument(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "is_required": argument.required,
        "is_deprecated": False,
        "type": "string",
        "default_value": None,
        "description": argument.brief,
    }


def _result_fields(fields: Fields, above: str = "") -> Iterator[dict[str, Any]]:
    for field in fields:
        name = f"{above}{field.name}"
        yield {
            "name": name,
            "description": field.brief,
            "is_primary": field.usual and not above,
            "is_secondary": field.usual,
        }
        yield from _result_fields(field.inner, f"{name}.")


NAME = Argument("name", "Name of the method or module, with services/ in front.")
OBJECT = {"type": "object"}
OBJECTS = {"type": "array", "items": OBJECT}
INDEX_FIELDS: tuple[Field, ...] = (
    taken("name", "Name with services/ in front.", TEXT, usual=True),
    taken("brief_description", "One sentence.", TEXT, usual=True),
)
METHOD_FIELDS: tuple[Field, ...] = (
    *INDEX_FIELDS,
    taken("short_name", "The last part of the name.", TEXT, usual=True),
    taken("description", "What it does.", TEXT, usual=True),
    taken("ref_url", "Where all methods are described.", TEXT, usual=True),
    taken("auth_options", "Which signature and scopes it needs.", OBJECT, usual=True),
    taken("arguments", "Parameters.", OBJECTS, usual=True),
    taken("returns", "What comes back.", TEXT, usual=True),
    taken("errors", "How it says no.", TEXT, usual=True),
    taken("result_fields", "Fields that can be asked for.", OBJECTS, usual=True),
    taken("beta", "Always false.", FLAG, usual=True),
    taken("deprecated", "Always null.", {"type": "null"}, usual=True),
    taken("admin_access", "Always false.", FLAG, usual=True),
    taken("is_internal", "Always false.", FLAG, usual=True),
)
MODULE_FIELDS: tuple[Field, ...] = (
    *INDEX_FIELDS,
    taken("title", "What it is called.", TEXT, usual=True),
    taken("description", "What it is for.", NULLABLE_TEXT, usual=True),
    taken("submodules", "Modules inside.", TEXTS, usual=True),
    taken("methods", "Methods inside.", TEXTS, usual=True),
    taken("beta", "Always false.", FLAG, usual=True),
)
METHODS = (
    Method(
        name="services/apiref/method_index",
        brief="All methods.",
        run=method_index,
        signed=False,
        fields=INDEX_FIELDS,
        many=True,
    ),
    Method(
        name="services/apiref/method",
        brief="One method.",
        run=method,
        signed=False,
        arguments=(NAME,),
        fields=METHOD_FIELDS,
    ),
    Method(
        name="services/apiref/module",
        brief="One module.",
        run=module,
        signed=False,
        arguments=(NAME,),
        fields=MODULE_FIELDS,
    ),
    Method(
        name="services/apiref/scopes",
        brief="What an app may be let do.",
        run=scopes,
        signed=False,
        fields=(
            taken("key", "The scope's name.", TEXT, usual=True),
            taken("developers_description", "What it opens.", TEXT, usual=True),
        ),
        many=True,
    ),
)
