"""Reading ``PORTAL_*`` variables: what is wrong is collected, so that one start names every mistake."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST_ADDRESS = 254
"""Of an e-mail address that fits an SMTP path (RFC 5321, 4.5.3.1.3)."""
_PART = r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f-\x9f]+"


class Reader:
    """Reads variables and collects what is wrong, so that one start names every mistake."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        value = self.environ.get(f"PORTAL_{name}", "").strip()
        if value:
            return value
        if default is None:
            self.problems.append(f"PORTAL_{name} is not set")
            return ""
        return default

    def secret(self, name: str, default: str | None = None) -> str:
        path = self.environ.get(f"PORTAL_{name}_FILE")
        if not path:
            return self.text(name, default)
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self.problems.append(f"PORTAL_{name}_FILE cannot be read: {reason}")
            return ""
        if not value:
            self.problems.append(f"PORTAL_{name}_FILE is empty")
        return value

    def parsed(self, name: str, default: T, parse: Callable[[str], T], allowed: str) -> T:
        value = self.environ.get(f"PORTAL_{name}", "").strip()
        if not value:
            return default
        try:
            return parse(value)
        except ValueError:
            self.problems.append(f"PORTAL_{name} must be {allowed}")
            return default

    def one_of(self, name: str, default: T, allowed: Sequence[T]) -> T:
        """One of these words."""
        words = {str(word): word for word in allowed}
        *first, last = words
        value = self.environ.get(f"PORTAL_{name}", "").strip()
        if value and value not in words:
            self.problems.append(f"PORTAL_{name} must be {', '.join(first)} or {last}")
        return words.get(value, default)


def flag(value: str) -> bool:
    if value in ("0", "1"):
        return value == "1"
    raise ValueError(value)


def networks(value: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(","))


def span(unit: str) -> Callable[[str], timedelta]:
    def parse(value: str) -> timedelta:
        number = int(value)
        if number < 1:
            raise ValueError(value)
        return timedelta(**{unit: number})

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within these limits."""

    def parse(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return parse


def address(value: str) -> str:
    """One plain e-mail address, maybe an international one (RFC 6531). Nothing in it can end a header."""
    if len(value) > LONGEST_ADDRESS or not re.fullmatch(f"{_PART}@{_PART}", value):
        raise ValueError(value)
    return value
