"""What a student's card will say, gathered from the registry at the moment of issuing."""

from __future__ import annotations

from datetime import date

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal import clock
from portal.issuer.interface import CardData
from portal.orders import eligibility
from portal.orders.eligibility import CARD_LEVELS
from portal.registry.records import (
    ProgrammeRecord,
    RegistryUnavailable,
    StudentRecord,
    photo_jpeg,
)
from portal.settings import settings


class NotIssuable(Exception):
    """Since the order was placed the student has come to miss a criterion."""


def card_data(session: Session, record: StudentRecord, valid_until: date) -> CardData:
    """The content of this student's card, good through `valid_until`.

    Raises `NotIssuable` where the criteria no longer hold, `RegistryUnavailable` where it can't be read.
    """
    if not eligibility.check(record, settings().policy, clock.today()).may_order:
        raise NotIssuable
    return content(session, record, valid_until)


def content(session: Session, record: StudentRecord, valid_until: date) -> CardData:
    """What a card of this student says, whether or not one may be ordered now.

    Raises `NotIssuable` where something is missing that a card must show, `RegistryUnavailable` where the
    photo can't be read.
    """
    try:
        photo = photo_jpeg(session, record.id)
    except SQLAlchemyError as error:
        raise RegistryUnavailable from error
    if photo is None or record.album_number is None or valid_until < clock.today():
        raise NotIssuable
    programme = _programme(record)
    return CardData(
        given_names=record.personal.given_names,
        surname=record.personal.surname,
        birth_date=record.birth_date,
        pesel=record.personal.pesel,
        album_number=record.album_number,
        # Without a plastic card (policy 2025) the album number stands for its number: it is as unique.
        card_number=record.els.card_number if record.els else record.album_number,
        issued_on=clock.today(),
        valid_until=valid_until,
        faculty=programme.faculty if programme else "",
        study_level=programme.level if programme else "",
        photo=photo,
    )


def _programme(record: StudentRecord) -> ProgrammeRecord | None:
    """The programme that the card names: an active one with a right to the card, else the first there is."""
    fitting = [p for p in record.programmes if p.active and p.level in CARD_LEVELS]
    return next(iter(fitting or record.programmes), None)
