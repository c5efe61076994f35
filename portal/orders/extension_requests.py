"""What the extension engine asks of the issuer, and how it reads the answers. Writes nothing itself."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from portal import clock
from portal.database import db
from portal.issuer.interface import CardRequest, IssuerRefused, IssuerUnavailable
from portal.orders import eligibility, validity
from portal.orders.card import NotIssuable, content
from portal.orders.extension_claims import Claimed
from portal.orders.issuance import issuer
from portal.orders.models import Order
from portal.orders.states import ExtensionEvent, Reason, Status
from portal.registry.records import RegistryUnavailable, StudentRecord, legible_records
from portal.settings import settings

Answers = dict[str, Exception | None]

_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What became of one claimed extension."""

    event: ExtensionEvent
    reason: Reason | None = None


class _Wish(NamedTuple):
    """What one card is to say, and under which key the outcome is wanted."""

    key: int
    reference: str
    student_id: int
    last_day: date


DONE = Outcome(ExtensionEvent.FINISH)
NOT_ELIGIBLE = Outcome(ExtensionEvent.GIVE_UP, Reason.NOT_ELIGIBLE)
NO_REGISTRY = Outcome(ExtensionEvent.TRY_AGAIN, Reason.REGISTRY_UNAVAILABLE)
NO_ANSWER = Outcome(ExtensionEvent.TRY_AGAIN, Reason.ISSUER_UNAVAILABLE)
REFUSED = Outcome(ExtensionEvent.GIVE_UP, Reason.ISSUER_REFUSED)
ENDED = Outcome(ExtensionEvent.DROP)


def carry_out(claimed: Sequence[Claimed]) -> dict[int, Outcome]:
    """Ask the issuer for every extension that may still be; what became of each, by its id."""
    outcomes = {one.id: ENDED for one in claimed if not one.live}
    live = [one for one in claimed if one.live]
    try:
        records = legible_records(db.session(), [one.student_id for one in live])
    except RegistryUnavailable:
        return outcomes | {one.id: NO_REGISTRY for one in live}
    outcomes |= {one.id: NO_REGISTRY for one in live if one.student_id not in records}
    live = [one for one in live if one.student_id in records]
    fitting = [one for one in live if _still_fits(records[one.student_id], one.new_valid_until)]
    wishes = [_Wish(one.id, one.public_id, one.student_id, one.new_valid_until) for one in fitting]
    outcomes |= _ask(wishes, records)
    return outcomes | _give_up([one for one in live if one not in fitting])


def say_what_orders_say(order_ids: Collection[int]) -> tuple[dict[int, Outcome], dict[int, date]]:
    """Have these prepared cards say at the issuer what their orders say; outcomes and last days, by order.

    Ended ones are left to their end.
    """
    orders = db.session.execute(
        select(Order.id, Order.public_id, Order.student_id, Order.planned_valid_until).where(
            Order.id.in_(order_ids), Order.status.in_([Status.READY, Status.COLLECTED])
        )
    ).all()
    try:
        records = legible_records(db.session(), [order.student_id for order in orders])
    except RegistryUnavailable:
        return {order.id: NO_REGISTRY for order in orders}, {}
    wishes = [_Wish(*order) for order in orders]
    return _ask(wishes, records), {wish.key: wish.last_day for wish in wishes}


def _give_up(unfit: Sequence[Claimed]) -> dict[int, Outcome]:
    """What the issuer may have done before is undone first: where it can't be now, all is tried again.

    A card that can't be written anew since it misses something is left to its end: then it is revoked.
    """
    outcomes = {one.id: NOT_ELIGIBLE for one in unfit}
    undone, _days = say_what_orders_say([one.order_id for one in unfit if one.maybe_done])
    for one in unfit:
        answer = undone.get(one.order_id)
        if answer is not None and answer.event == ExtensionEvent.TRY_AGAIN:
            outcomes[one.id] = answer
    return outcomes


def _still_fits(record: StudentRecord, new: date) -> bool:
    """Whether the student may still order, and would get at least the day that was asked for."""
    policy, today = settings().policy, clock.today()
    if not eligibility.check(record, policy, today).may_order:
        return False
    try:
        return validity.planned(record, policy, today) >= new
    except validity.NoValidity:
        return False


def _ask(wishes: Iterable[_Wish], records: Mapping[int, StudentRecord]) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    requests: dict[int, CardRequest] = {}
    for wish in wishes:
        try:
            data = content(db.session(), records[wish.student_id], wish.last_day)
        except (NotIssuable, KeyError):
            outcomes[wish.key] = NOT_ELIGIBLE
        except RegistryUnavailable:
            outcomes[wish.key] = NO_REGISTRY
        else:
            requests[wish.key] = CardRequest(wish.reference, data)
    db.session.rollback()  # no read transaction stays open while the issuer works
    answers = _answers(list(requests.values()))
    for key, request in requests.items():
        outcomes[key] = _read(answers.get(request.reference, IssuerUnavailable()))
    return outcomes


def _answers(requests: Sequence[CardRequest]) -> Answers:
    """One card's surprise must not stop the others, nor the thread: it counts as "unknown, ask again"."""
    if not requests:
        return {}
    try:
        return issuer().extend(requests)
    except IssuerUnavailable as error:
        return {request.reference: error for request in requests}
    except Exception as error:
        _log.exception("the issuer failed for %d extensions", len(requests))
        if len(requests) == 1:
            return {requests[0].reference: error}
    return {key: answer for request in requests for key, answer in _answers([request]).items()}


def _read(answer: Exception | None) -> Outcome:
    if answer is None:
        return DONE
    return REFUSED if isinstance(answer, IssuerRefused) else NO_ANSWER
