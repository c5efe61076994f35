"""Who hears of what an import changes; `create_app` says who."""

from __future__ import annotations

from typing import cast

from flask import current_app

from portal.registry.interface import RegistryListener

KEY = "portal.registry.listener"


def listener() -> RegistryListener:
    return cast(RegistryListener, current_app.extensions[KEY])
