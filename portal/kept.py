"""What the parts keep about an account, for „Moje dane”: each part hands in a list, under its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app

Told = list[dict[str, Any]]
"""Days as dates, times as aware datetimes; no secrets, no keys of rows. Documented in docs/my-data.md."""
Teller = Callable[[int], Told]
"""Takes the key of the account; only reads."""
_KEY = "portal.kept"


def add(app: Flask, name: str, teller: Teller) -> None:
    cast("dict[str, Teller]", app.extensions.setdefault(_KEY, {}))[name] = teller


def about(account_id: int) -> dict[str, Told]:
    """By name, what each part of the current application keeps."""
    tellers = cast("dict[str, Teller]", current_app.extensions.get(_KEY, {}))
    return {name: tell(account_id) for name, tell in tellers.items()}
