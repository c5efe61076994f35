"""Much at once, in parts: databases limit the parameters of a statement, and writers wait for each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, up to `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
