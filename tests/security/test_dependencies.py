"""Every dependency is pinned with hashes (security.md 35), and htmx is none that comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,-]+\])?==[0-9][^ ;]*( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def requirements(name: str) -> list[list[str]]:
    """Each requirement's lines, comments left out."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#")]
    found: list[list[str]] = []
    for line in lines:
        if line and not line.startswith(" "):
            found.append([])
        if line:
            found[-1].append(line)
    return found


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    found = requirements(name)
    assert len(found) > 20
    for first, *hashes in found:
        assert PINNED.match(first), first
        assert hashes, first
        assert all(HASH.match(line) for line in hashes), first


def test_what_is_asked_for_is_pinned() -> None:
    asked = re.findall(r"^([A-Za-z0-9-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    pinned = {first.split("==")[0].lower() for first, *_ in requirements("requirements.txt")}
    assert {name.lower() for name in asked} <= pinned


def test_tests_and_production_use_the_same_versions() -> None:
    of_production = {first.rstrip(" \\") for first, *_ in requirements("requirements.txt")}
    assert of_production <= {first.rstrip(" \\") for first, *_ in requirements("requirements-dev.txt")}
