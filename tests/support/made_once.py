"""What each application would make anew, made once for all applications of a test process.

Compiled templates, URL builders and packed assets are the same in all of them, and making them is
most of a short test's time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing.rules import Rule

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


def arrange() -> None:
    Flask.jinja_options = {"bytecode_cache": Compiled()}
    _builders_once()
    assets._asset = functools.cache(assets._asset)
