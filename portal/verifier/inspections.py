"""An inspector's question from its beginning to the moment when its answer is forgotten.

Each step is one conditional UPDATE. How an inspection stands is told by its times as well, so that nothing of
a holder is shown for longer than it may be, whether or not the sweep has come by.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from portal import clock
from portal.database import db, write
from portal.encryption import keyring
from portal.identity import token_hash
from portal.verifier import counting, results
from portal.verifier.checking import Outcome
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset

MAY_BE_ANSWERED_FOR = timedelta(minutes=5)
SHOWN_FOR = timedelta(minutes=5)
"""How long what a holder showed stays on the inspector's page, and anywhere else."""
ROW_KEPT_FOR = timedelta(hours=1)
"""Without anything about a holder: so that a page left open can say what happened."""
BATCH = 100


class Status(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    """Nobody answered in time."""
    FORGOTTEN = "forgotten"
    """It was answered, and the answer is erased."""


class Refusal(StrEnum):
    """Why a wallet sent no card."""

    DECLINED = "declined"
    """Its holder did not want to."""
    WALLET = "wallet"
    """The wallet could not, or has no such card."""


class TooLate(Exception):
    """The inspection is over, or somebody else has answered it."""


def begin(owner_token: str, preset: Preset) -> str:
    """A new question of whoever holds the token; the public id of its page."""
    now = clock.now()
    public_id = secrets.token_hex(16)
    values = {
        "public_id": public_id,
        "owner_hash": token_hash(owner_token),
        "request_id": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(32),
        "state": secrets.token_urlsafe(16),
        "preset": preset,
        "status": Status.WAITING,
        "created_at": now,
        "expires_at": now + MAY_BE_ANSWERED_FOR,
    }
    with write() as session:
        session.execute(insert(Inspection).values(values))
    return public_id


def owned(owner_token: str, public_id: str) -> Inspection:
    """Raises `LookupError` where there is none, or it is somebody else's."""
    found = db.session.scalar(select(Inspection).where(Inspection.public_id == public_id))
    if found is None or not hmac.compare_digest(found.owner_hash, token_hash(owner_token)):
        raise LookupError
    return found


def open_request(request_id: str) -> Inspection:
    """The question that waits under this id. Raises `LookupError`, and `TooLate` where it is over."""
    found = db.session.scalar(select(Inspection).where(Inspection.request_id == request_id))
    if found is None:
        raise LookupError
    if status_of(found) != Status.WAITING:
        raise TooLate
    return found


def status_of(inspection: Inspection) -> Status:
    """How it stands now, even where nobody has written that yet."""
    status = Status(inspection.status)
    if status == Status.WAITING and clock.now() >= inspection.expires_at:
        return Status.EXPIRED
    forgotten_at = forgotten_from(inspection)
    if status == Status.ANSWERED and (forgotten_at is None or clock.now() >= forgotten_at):
        return Status.FORGOTTEN
    return status


def forgotten_from(inspection: Inspection) -> datetime | None:
    """When the answer is erased; None where there is none."""
    return None if inspection.answered_at is None else inspection.answered_at + SHOWN_FOR


def decide(inspection: Inspection, outcome: Outcome) -> None:
    """Write the answer down. Raises `TooLate` where another was first."""
    shown, photo = results.of(outcome, Preset(inspection.preset))
    sealed = keyring().encrypt(shown.to_json())
    _answer(
        inspection,
        str(outcome.verdict),
        status=Status.ANSWERED,
        verdict=outcome.verdict,
        reason=outcome.reason,
        result=sealed,
        photo=None if photo is None else keyring().encrypt(photo),
    )


def refuse(inspection: Inspection, why: Refusal) -> None:
    """Write down that no card comes. Raises `TooLate` where an answer was first."""
    _answer(inspection, str(Status.REFUSED), status=Status.REFUSED, reason=why)


def _answer(inspection: Inspection, counted_as: str, **values: Any) -> None:
    """The first answer counts, and no later one changes it."""
    now = clock.now()
    first = (
        update(Inspection)
        .where(Inspection.id == inspection.id, Inspection.status == Status.WAITING)
        .where(Inspection.expires_at > now)
        .values(answered_at=now, **values)
    )
    with write() as session:
        if session.execute(first.returning(Inspection.id)).first() is None:
            raise TooLate
        counting.count(session, inspection.preset, counted_as)


def forget() -> None:
    """Erase the answers whose time has passed, and then what is left of the old inspections.

    A batch of each, so that however many begin checks, no answer waits behind them.
    """
    now = clock.now()
    # Answered later than now: by a clock that was ahead. Nobody's data may stay until then.
    past = or_(Inspection.answered_at <= now - SHOWN_FOR, Inspection.answered_at > now + SHOWN_FOR)
    over = (Inspection.status == Status.ANSWERED, past)
    old = Inspection.created_at <= now - ROW_KEPT_FOR
    answers = db.session.scalars(select(Inspection.id).where(*over).limit(BATCH)).all()
    rows = db.session.scalars(select(Inspection.id).where(old).order_by(Inspection.id).limit(BATCH)).all()
    if not (answers or rows):
        return
    erased = {"status": Status.FORGOTTEN, "verdict": None, "reason": None, "result": None, "photo": None}
    with write() as session:
        session.execute(update(Inspection).where(Inspection.id.in_(answers), *over).values(erased))
        session.execute(delete(Inspection).where(Inspection.id.in_(rows), old))
