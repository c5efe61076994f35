"""E-mail addresses: is it one that a mail can go to, and how the portal shows it."""

from __future__ import annotations

import re

MAX_LENGTH = 254
"""The longest address that fits an SMTP path (RFC 5321, 4.5.3.1.3)."""
_MAX_LOCAL = 64
# A dot-atom of RFC 5322; quoted names and address literals exist on paper, but not in a register of students.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")


def is_valid(address: str) -> bool:
    """Whether this is one plain address, in ASCII, with a full domain. Nobody asks whether it exists."""
    local, _at, domain = address.rpartition("@")
    return (
        len(address) <= MAX_LENGTH
        and len(local) <= _MAX_LOCAL
        and _LOCAL.fullmatch(local) is not None
        and _DOMAIN.fullmatch(domain) is not None
    )


def masked(address: str) -> str:
    """As the portal shows it: the first letter and the domain, ``a***@example.org``."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
