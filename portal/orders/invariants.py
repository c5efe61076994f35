"""What must be true of orders and their history at every moment, and of the cards behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Row, func, select

from portal import clock
from portal.administration import doctor
from portal.administration.doctor import MOST_NAMED, Findings, Kind
from portal.database import db
from portal.issuer.interface import CardState, OpenBooks
from portal.orders.extension_steps import open_of
from portal.orders.issuance import issuer
from portal.orders.models import Extension, Order, OrderEvent
from portal.orders.states import ENDED, EXTENSIONS_OPEN, LIVE, TABLE, Event, ExtensionStatus, Status

OFFERS_END_EARLIER = timedelta(days=1)
"""Codes begin when the card is prepared, the order's time when that is written down: a portal that stood
still in between has orders that outlast their codes."""
_RESTORE = "somebody else wrote into the database, or lost rows of it: restore the last good backup"
_REVOKE = "flask orders revoke ends it with its card; the student then orders anew"
_NEW_CARD = (
    "have the student press „Nowy telefon”, or cancel and order anew: the new card says what the order says"
)
_REPORT = "tell the developers, with these orders"

Step = tuple[str, str | None, str]


def init_app(app: Flask) -> None:
    doctor.add(app, "orders", check_orders, Kind.ROWS)
    doctor.add(app, "extensions", check_extensions, Kind.ROWS)
    doctor.add(app, "orders and cards", check_cards, Kind.ROWS)


def check_orders(found: Findings) -> str:
    """Each order's history leads by legal steps to its status; nobody has two live orders."""
    seen = 0
    columns = (Order.public_id, Order.status, Order.version, Order.due_at, Order.issuer_told_at)
    for orders in doctor.batches(Order.id, *columns):
        histories = _histories(orders[0].id, orders[-1].id)
        for order in orders:
            for what, remedy in _mistakes(order, histories[order.id]):
                found.add(what, remedy, order.public_id)
        seen += len(orders)
    twice = (
        select(func.min(Order.public_id))
        .where(Order.status.in_(LIVE))
        .group_by(Order.student_id)
        .having(func.count() > 1)
    )
    for public_id in db.session.scalars(twice.limit(MOST_NAMED)):
        found.add("a student has two live orders", _REVOKE, public_id)
    return f"{seen} orders with their history"


def _histories(first: int, last: int) -> Mapping[int, list[Step]]:
    histories: dict[int, list[Step]] = defaultdict(list)
    rows = db.session.execute(
        select(OrderEvent.order_id, OrderEvent.event, OrderEvent.from_status, OrderEvent.to_status)
        .where(OrderEvent.order_id.between(first, last))
        .order_by(OrderEvent.order_id, OrderEvent.id)
    )
    for order_id, event, before, after in rows:
        histories[order_id].append((event, before, after))
    return histories


def _mistakes(order: Row[Any], history: Sequence[Step]) -> Iterator[tuple[str, str]]:
    if order.status not in set(Status):
        yield "the status is unknown", _RESTORE
    if not _leads_to(order.status, history):
        yield "the history doesn't lead to the status by legal steps", _RESTORE
    # The page that polls also hears of extensions, and of the issuer's acknowledgement.
    elif order.version < len(history):
        yield "the version counts fewer changes than the history has", _RESTORE
    if order.status in LIVE and order.due_at is None:
        yield "the engine will never look at this live order again", _REVOKE
    if order.status in ENDED and order.due_at is None and order.issuer_told_at is None:
        yield "nobody will tell the issuer that this order ended", _REPORT


def _leads_to(status: str, history: Sequence[Step]) -> bool:
    now: str | None = None
    for event, before, after in history:
        if before != now or _STEPS.get((before, event)) != after:
            return False
        now = after
    return now is not None and now == status


_STEPS: dict[tuple[str | None, str], str] = {
    (None if before is None else str(before), str(event)): str(after)
    for (before, event), after in TABLE.items()
}


def check_extensions(found: Findings) -> str:
    """Each leads to a later day; an open one is due; at most one is open; the history tells of those done."""
    seen = 0
    columns = (Extension.order_id, Extension.status, Extension.due_at)
    days = (Extension.old_valid_until, Extension.new_valid_until)
    for extensions in doctor.batches(Extension.id, *columns, *days):
        done = [one.order_id for one in extensions if one.status == ExtensionStatus.DONE]
        extended = _extended(done)
        for one in extensions:
            where = f"extension {one.id}"
            if one.status not in set(ExtensionStatus):
                found.add("the status is unknown", _RESTORE, where)
            if one.old_valid_until >= one.new_valid_until:
                found.add("leads to no later day", _REPORT, where)
            if one.status in EXTENSIONS_OPEN and one.due_at is None:
                found.add("the engine will never look at this open extension again", _REPORT, where)
            if one.status == ExtensionStatus.DONE and one.order_id not in extended:
                found.add("the order's history doesn't tell of the extension", _RESTORE, where)
        seen += len(extensions)
    is_open = Extension.status.in_(EXTENSIONS_OPEN)
    twice = select(Extension.order_id).where(is_open).group_by(Extension.order_id).having(func.count() > 1)
    for order_id in db.session.scalars(twice.limit(MOST_NAMED)):
        found.add("two extensions of one order are open", _REPORT, f"order row {order_id}")
    return f"{seen} extensions"


def _extended(order_ids: Sequence[int]) -> set[int]:
    told = select(OrderEvent.order_id).where(
        OrderEvent.order_id.in_(order_ids), OrderEvent.event == Event.EXTEND
    )
    return set(db.session.scalars(told))


def check_cards(found: Findings) -> str:
    """What an order says its card is, the issuer's books say too, where they are open to us."""
    books = issuer()
    if not isinstance(books, OpenBooks):
        return "the issuer's books are elsewhere"
    live = 0
    columns = (Order.public_id, Order.status, Order.due_at, Order.planned_valid_until)
    for orders in doctor.batches(Order.id, *columns, Order.issuer_told_at):
        states = books.states(db.session(), [order.public_id for order in orders])
        extending = open_of(db.session(), [order.id for order in orders])
        for order in orders:
            state = states.get(order.public_id, _NO_CARD)
            live += state.live
            if order.id not in extending and _another_day(order, state):
                found.add("the card names another last day than its order", _NEW_CARD, order.public_id)
            for what, remedy in _differences(order, state):
                found.add(what, remedy, order.public_id)
    ownerless = books.live_cards(db.session()) - live
    if ownerless:
        found.add(f"live cards without an order: {ownerless}", _RESTORE)
    return f"{live} live cards belong to their orders"


_NO_CARD = CardState(live=False, offered=False, out=False)


def _another_day(order: Row[Any], card: CardState) -> bool:
    """While a card is extended its issuer may be ahead of its order."""
    prepared = order.status in (Status.READY, Status.COLLECTED)
    return prepared and card.live and card.valid_until != order.planned_valid_until


def _differences(order: Row[Any], card: CardState) -> Iterator[tuple[str, str]]:
    if order.status in ENDED:
        if order.issuer_told_at is not None and (card.live or card.offered or card.out):
            yield "the order has ended and its card has not", _REPORT
        return
    if order.status != Status.COLLECTED and card.out:
        yield "a wallet has the card of an order that isn't collected", _REVOKE
    # What is over ends at its issuer and in its order one after the other.
    if order.status == Status.COLLECTED and order.planned_valid_until >= clock.today() and not card.live:
        yield "the order is collected and its card does not live", _REVOKE
    if order.status == Status.READY and not (card.live and card.offered):
        due_at = order.due_at
        if due_at is None or due_at > clock.now() + OFFERS_END_EARLIER:
            yield (
                "the order is ready and its codes are gone",
                "have the student press „Nowe kody”; if that does not help, flask orders revoke",
            )
