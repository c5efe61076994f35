"""JSON from strangers: no name twice, no NaN, not deeper than the parser bears."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def parse_object(raw: bytes) -> dict[str, Any]:
    """Raises `ValueError` for everything that isn't one well-formed JSON object in UTF-8."""
    parsed = parse_value(raw)
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    return parsed


def parse_value(raw: bytes) -> Any:
    """Raises `ValueError` for everything that isn't one well-formed JSON value in UTF-8."""
    try:
        parsed = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(parsed, ensure_ascii=False).encode()  # half a surrogate pair is no text: ValueError
    except RecursionError as error:
        raise ValueError("too deep") from error
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
