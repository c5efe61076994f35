"""What a method of the USOS API is: its name, who may call it, what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.audit import Actor
from portal.usosapi.fields import Field, Fields
from portal.usosapi.scopes import Scope

TEXT: Mapping[str, Any] = {"type": "string"}
NULLABLE_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
FLAG: Mapping[str, Any] = {"type": "boolean"}
DAY: Mapping[str, Any] = {"type": "string", "format": "date"}
TEXTS: Mapping[str, Any] = {"type": "array", "items": TEXT}
LOCALISED: Mapping[str, Any] = {
    "type": "object",
    "properties": {"pl": TEXT, "en": TEXT},
    "required": ["pl", "en"],
    "additionalProperties": False,
}
NULLABLE_LOCALISED: Mapping[str, Any] = {"anyOf": [LOCALISED, {"type": "null"}]}
SUCCESS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"success": {"const": True}},
    "required": ["success"],
    "additionalProperties": False,
}
NOBODY = Actor("nobody")
JPEG = "image/jpeg"
JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """One call: whose, with what. Without a signature there is no student."""

    arguments: Mapping[str, str] = field(repr=False)
    scopes: frozenset[Scope] = frozenset()
    student_id: int = 0
    actor: Actor = NOBODY


@dataclass(frozen=True)
class Argument:
    """A parameter besides `fields`, `lang` and `format`. One with a default may be left out."""

    name: str
    brief: str
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Method:
    """`run` gives the object (or with `many` the objects) that `fields` are read from; without fields, the
    answer itself. It raises `ApiError`."""

    name: str
    brief: str
    run: Callable[[Call], Any]
    signed: bool = True
    """By an app with a student's token; else the signature is not looked at."""
    scope: Scope | None = None
    arguments: tuple[Argument, ...] = ()
    fields: Fields = ()
    many: bool = False
    schema: Mapping[str, Any] | None = None
    """JSON Schema of an answer without fields."""
    mimetype: str = JSON
    changes: bool = False

    @property
    def path(self) -> str:
        return f"/{self.name}"

    @property
    def module(self) -> str:
        return self.name.rpartition("/")[0]


def taken(name: str, brief: str, schema: Mapping[str, Any], *, usual: bool = False) -> Field:
    """A field that has the same name in the object, which is a mapping."""
    return Field(name=name, brief=brief, schema=schema, read=lambda thing: thing[name], usual=usual)
