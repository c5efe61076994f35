"""`fields=a|b[c|d]`: which fields of an answer an app wants, and the tables that answers are made from.

One table of `Field` serves the selection, the answer, `apiref` and the OpenAPI description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.usosapi.errors import ApiError
from portal.usosapi.scopes import Scope

LONGEST = 2000
"""Characters of a selection that are read."""
_PART = re.compile(r"[\[\]|]|[^\[\]|]+")
Wanted = Mapping[str, "Wanted | None"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field: its words for developers, its JSON Schema, and how its value is had from the object."""

    name: str
    brief: str
    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    scope: Scope | None = None
    """Without it the field is refused."""
    inner: tuple[Field, ...] = ()
    """Fields of the object, or of the list's objects, that `read` gives; None stays None."""
    many: bool = False
    usual: bool = False
    """Given where no `fields` are named."""


Fields = tuple[Field, ...]


@dataclass(frozen=True)
class Chosen:
    """A field that is wanted, with what is wanted of its object."""

    field: Field
    inner: tuple[Chosen, ...]

    def value(self, thing: Any) -> Any:
        value = self.field.read(thing)
        if value is None or not self.inner:
            return value
        return answer(self.inner, value, many=self.field.many)


def answer(chosen: Collection[Chosen], thing: Any, *, many: bool) -> Any:
    """The object, or the list of objects, with these fields alone."""
    if many:
        return [answer(chosen, one, many=False) for one in thing]
    return {one.field.name: one.value(thing) for one in chosen}


def choose(fields: Fields, text: str | None, scopes: Collection[Scope], method: str) -> tuple[Chosen, ...]:
    """What `text` asks for; without it, the usual fields. Raises `ApiError`, as the USOS API words it."""
    if text is None or not text.strip():
        return _usual(fields)
    if len(text) > LONGEST:
        raise _invalid(text[:40], "too long", method)
    return _choose(fields, _parse(text, method), scopes, method)


def _usual(fields: Fields) -> tuple[Chosen, ...]:
    return tuple(Chosen(field, _usual(field.inner)) for field in fields if field.usual)


def _choose(fields: Fields, wanted: Wanted, scopes: Collection[Scope], method: str) -> tuple[Chosen, ...]:
    known = {field.name: field for field in fields}
    chosen = []
    for name, inner in wanted.items():
        if name not in known:
            message = f"There is no field {name!r} in {method}."
            raise ApiError(400, message, "field_not_found", field_name=name, method_name=method)
        field = known[name]
        if field.scope is not None and field.scope not in scopes:
            message = f"The field {name!r} needs the scope {field.scope}."
            members = {"reason": "scope_missing", "field_name": name, "method_name": method}
            raise ApiError(403, message, "field_forbidden", **members)
        if inner is not None and not field.inner:
            raise _invalid(name, "it has no fields of its own", method)
        deeper = _usual(field.inner) if inner is None else _choose(field.inner, inner, scopes, method)
        chosen.append(Chosen(field, deeper))
    return tuple(chosen)


def _parse(text: str, method: str) -> Wanted:
    """Raises `ApiError` where brackets or bars are out of place."""
    parts = iter(_PART.findall(text))
    wanted, end = _level(parts, method)
    if end is not None:
        raise _invalid(text[:40], "a bracket is closed that was not opened", method)
    return wanted


def _level(parts: Iterator[str], method: str, depth: int = 0) -> tuple[dict[str, Wanted | None], str | None]:
    """The names up to the closing bracket (or the end), and what ended them."""
    wanted: dict[str, Wanted | None] = {}
    name, closed = None, False
    for part in parts:
        if part == "[" and name and not closed and depth < 5:
            inner, end = _level(parts, method, depth + 1)
            if end != "]":
                raise _invalid(name, "a bracket is not closed", method)
            wanted[name], closed = inner, True
        elif part in ("|", "]") and name:
            if part == "]":
                return wanted, part
            name, closed = None, False
        elif part not in ("[", "]", "|") and name is None:
            name = part.strip()
            wanted.setdefault(name, None)
        else:
            raise _invalid(part[:40], "brackets and bars are out of place", method)
    if not name:
        raise _invalid("", "a name is missing", method)
    return wanted, None


def _invalid(name: str, why: str, method: str) -> ApiError:
    message = f"The selection of fields can't be read at {name!r}: {why}."
    return ApiError(400, message, "field_invalid", field_name=name, method_name=method)
