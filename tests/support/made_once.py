"""What each application would make anew, made once for all applications of a test process.

Compiled templates and statements, URL rules and packed assets are the same in all of them, and making them is
most of a short test's time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing.rules import Rule, RulePart

from portal import assets


class Compiled(BytecodeCache):
    """Templates."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def _builders_once() -> None:
    """A rule's builder depends on nothing but its parts, unless the rule has defaults (ours have none)."""
    kept: dict[object, Callable[..., tuple[str, str]]] = {}
    build = Rule._compile_builder

    def once(self: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if self.defaults:
            return build(self, append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in kept:
            kept[key] = build(self, append_unknown)
        return kept[key]

    Rule._compile_builder = once  # type: ignore[method-assign]


def _rules_once() -> None:
    """A rule's parts depend on its text alone: no application has converters of its own."""
    kept: dict[str, tuple[list[RulePart], list[Any], dict[str, Any]]] = {}
    parse = Rule._parse_rule

    def once(self: Any, text: str) -> Iterable[RulePart]:
        if text not in kept:
            before = len(self._trace)
            parts = list(parse(self, text))
            kept[text] = parts, self._trace[before:], dict(self._converters)
            return parts
        parts, trace, converters = kept[text]
        self._trace += trace
        self._converters |= converters
        self.arguments |= set(converters)
        return parts

    Rule._parse_rule = once  # type: ignore[method-assign]


def _statements_once() -> None:
    """What a statement is in SQL depends on the kind of database alone: engines of a kind share it."""
    kept: LRUCache[Any, Any] = LRUCache(5000)
    Engine._compiled_cache = property(lambda _self: kept, lambda _self, _own: None)  # type: ignore[assignment]
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # part of each key there
        kind.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
        kind.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]


def arrange() -> None:
    Flask.jinja_options = {"bytecode_cache": Compiled()}
    _rules_once()
    _builders_once()
    _statements_once()
    assets._asset = functools.cache(assets._asset)
