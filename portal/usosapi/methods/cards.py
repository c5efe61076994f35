"""services/cards: the plastic card, and ordering, watching and ending an mLegitymacja.

What may be done when is decided by `orders` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from portal import clock
from portal.clock import WARSAW
from portal.issuer.interface import Offer
from portal.orders import service
from portal.orders.models import Order
from portal.orders.standing import Standing, status_now
from portal.orders.states import Status
from portal.registry.models import StudyLevel
from portal.registry.records import StudentRecord
from portal.usosapi import words
from portal.usosapi.errors import not_found, refused
from portal.usosapi.fields import Field
from portal.usosapi.methods import users
from portal.usosapi.methods.frame import (
    DAY,
    NULLABLE_LOCALISED,
    NULLABLE_TEXT,
    SUCCESS,
    TEXT,
    Argument,
    Call,
    Method,
)
from portal.usosapi.methods.users import User
from portal.usosapi.scopes import Scope

ORDER_ID = Argument("order_id", "The order's id.")
CANCELLABLE = (Status.WAITING, Status.IN_PROGRESS, Status.READY)


@dataclass(frozen=True)
class PlasticCard:
    owner: User

    @property
    def record(self) -> StudentRecord:
        return self.owner.record

    @property
    def type(self) -> str:
        levels = {programme.level for programme in self.record.programmes if programme.active}
        return "phd" if levels == {StudyLevel.DOCTORAL} else "student"


@dataclass(frozen=True)
class MobileCard:
    """One order or card, with its codes while its offer is open."""

    order: Order
    album_number: str | None

    @cached_property
    def offer(self) -> Offer | None:
        return service.open_offer(self.order)


@dataclass(frozen=True)
class Overview:
    standing: Standing
    orders: tuple[MobileCard, ...]


CARD_FIELDS = (
    Field(
        name="id",
        brief="The card's identifier: its number.",
        schema=TEXT,
        read=lambda card: card.record.els.card_number,
        usual=True,
    ),
    Field(
        name="user",
        brief="Whose it is.",
        schema={"type": "object"},
        read=lambda card: card.owner,
        inner=users.NAME_FIELDS,
        usual=True,
    ),
    Field(
        name="contact_chip_uid",
        brief="Not known here, so always null.",
        schema={"type": "null"},
        read=lambda _card: None,
        usual=True,
    ),
    Field(
        name="contactless_chip_uid",
        brief="Not known here, so always null.",
        schema={"type": "null"},
        read=lambda _card: None,
        usual=True,
    ),
    Field(
        name="barcode_number",
        brief="The number printed on the card.",
        schema=TEXT,
        read=lambda card: card.record.els.card_number,
        usual=True,
    ),
    Field(
        name="expiration_date",
        brief="Last day on which it is valid.",
        schema=DAY,
        read=lambda card: card.record.els.valid_until.isoformat(),
        usual=True,
    ),
    Field(
        name="type",
        brief="student, or phd of whom there are doctoral studies alone.",
        schema={"enum": ["student", "phd"]},
        read=lambda card: card.type,
        usual=True,
    ),
    Field(
        name="date_of_issue",
        brief="Day of issue.",
        schema=DAY,
        read=lambda card: card.record.els.issued_on.isoformat(),
        usual=True,
    ),
)
ORDER_FIELDS = (
    Field(name="id", brief="The order's id.", schema=TEXT, read=lambda it: it.order.public_id, usual=True),
    Field(
        name="order_date",
        brief="Day of the order in Warsaw.",
        schema=DAY,
        read=lambda it: it.order.ordered_at.astimezone(WARSAW).date().isoformat(),
        usual=True,
    ),
    Field(
        name="status",
        brief="How it stands now.",
        schema={"enum": [status.value for status in Status]},
        read=lambda it: status_now(it.order).value,
        usual=True,
    ),
    Field(
        name="token",
        brief="What the QR code holds, while there is an open offer; else null.",
        schema=NULLABLE_TEXT,
        read=lambda it: it.offer and it.offer.uri,
        usual=True,
    ),
    Field(
        name="distribution_pass",
        brief="The activation code, while there is an open offer; else null.",
        schema=NULLABLE_TEXT,
        read=lambda it: it.offer and it.offer.activation_code,
        usual=True,
    ),
    Field(
        name="student_number",
        brief="Album number.",
        schema=NULLABLE_TEXT,
        read=lambda it: it.album_number,
        usual=True,
    ),
    Field(
        name="expiration_date",
        brief="Planned last day of the card.",
        schema=DAY,
        read=lambda it: it.order.planned_valid_until.isoformat(),
        usual=True,
    ),
)
MCARD_FIELDS = (
    Field(
        name="why_cannot_order",
        brief="What keeps the student from ordering; null: nothing does.",
        schema=NULLABLE_LOCALISED,
        read=lambda it: words.why_cannot_order(it.standing),
        usual=True,
    ),
    Field(
        name="why_cannot_revoke",
        brief="Why there is nothing to cancel or revoke; null: there is.",
        schema=NULLABLE_LOCALISED,
        read=lambda it: words.why_cannot_revoke(it.standing),
        usual=True,
    ),
    Field(
        name="orders",
        brief="The orders, newest first.",
        schema={"type": "array"},
        read=lambda it: it.orders,
        inner=ORDER_FIELDS,
        many=True,
        usual=True,
    ),
)


def plastic_cards(call: Call) -> list[PlasticCard]:
    card = PlasticCard(users.me(call))
    els = card.record.els
    return [card] if els is not None and els.valid_until >= clock.today() else []


def mcard(call: Call) -> Overview:
    album_number = users.me(call).record.album_number
    orders = service.newest(call.student_id)
    return Overview(
        service.current_for(call.student_id), tuple(MobileCard(order, album_number) for order in orders)
    )


def mcard_order(call: Call) -> MobileCard:
    return MobileCard(_own(call), users.me(call).record.album_number)


def make_mcard_order(call: Call) -> dict[str, Any]:
    """May be repeated: the live order there is counts as success."""
    try:
        service.place(call.student_id, call.actor)
    except service.NotEligible as error:
        why = words.why_cannot_order(service.current_for(call.student_id)) or words.both(words.NOT_NOW)
        raise refused("The student may not order now.", "cannot_order", why) from error
    return {"success": True}


def revoke_mcard(call: Call) -> dict[str, Any]:
    order = _own(call)
    end = service.cancel if status_now(order) in CANCELLABLE else service.revoke
    try:
        end(order, call.actor)
    except service.OutOfTurn as error:
        raise refused(
            "The order or card has ended already.", "cannot_revoke", words.both(words.ENDED)
        ) from error
    return {"success": True}


def _own(call: Call) -> Order:
    try:
        return service.owned(call.student_id, call.arguments["order_id"])
    except LookupError as error:
        raise not_found("order_id") from error


METHODS = (
    Method(
        name="services/cards/user",
        brief="The student's valid plastic cards.",
        run=plastic_cards,
        scope=Scope.CARDS,
        fields=CARD_FIELDS,
        many=True,
    ),
    Method(
        name="services/cards/mcard",
        brief="Whether an mLegitymacja can be ordered or revoked, and the orders.",
        run=mcard,
        scope=Scope.CARDS,
        fields=MCARD_FIELDS,
    ),
    Method(
        name="services/cards/mcard_order",
        brief="One order, with its codes while they are open.",
        run=mcard_order,
        scope=Scope.CARDS,
        arguments=(ORDER_ID,),
        fields=ORDER_FIELDS,
    ),
    Method(
        name="services/cards/make_mcard_order",
        brief="Order an mLegitymacja.",
        run=make_mcard_order,
        scope=Scope.CARDS,
        schema=SUCCESS,
        changes=True,
    ),
    Method(
        name="services/cards/revoke_mcard",
        brief="Cancel an order, or revoke a collected card.",
        run=revoke_mcard,
        scope=Scope.CARDS,
        arguments=(ORDER_ID,),
        schema=SUCCESS,
        changes=True,
    ),
)
