"""How a poll's address names what its page shows: which order, in which version."""

from __future__ import annotations

from portal.orders.models import Order

NO_ORDER = "none"


def version_seen(order: Order | None) -> str:
    """What a page shows: which order, in which version."""
    return NO_ORDER if order is None else seen_as(order.public_id, order.version)


def seen_as(public_id: str, version: int) -> str:
    """How a poll's address names one version of an order."""
    return f"{public_id}.{version}"
