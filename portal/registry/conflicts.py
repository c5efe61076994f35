"""Album and card numbers that somebody else in the registry has already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.registry.models import PlasticCard, Student
from portal.registry.people import Person
from portal.registry.report import Problem

Owners = Mapping[str, str]
BATCH = 500
"""Numbers asked for by one query: databases limit the parameters of a statement."""


@dataclass(frozen=True)
class Settled:
    """`moving` come first and must be written in one transaction: numbers pass between them."""

    moving: list[Person]
    others: list[Person]
    problems: list[Problem]


def settle(session: Session, people: list[Person], labels: Mapping[str, str]) -> Settled:
    """Sort out who wants a number that another person has.

    It passes on where the file says that the other one has it no more; otherwise the person is refused.
    """
    albums, cards = _album_owners(session, people), _card_owners(session, people)
    accepted = {person.usos_id: person for person in people}
    problems: list[Problem] = []
    while True:
        takers = [
            (person, column, owner)
            for person in accepted.values()
            for column, owner in _taken(person, albums, cards)
        ]
        # Who is refused keeps the number, which may spoil somebody else's: look again until all fit.
        refused = [(person, column) for person, column, owner in takers if owner not in accepted]
        if not refused:
            break
        for person, column in refused:
            why = _("another person in the registry has it, who keeps it as far as this file says")
            problems.append(Problem(person.line, labels[column], why))
            accepted.pop(person.usos_id, None)
    moving = {usos_id for person, _column, owner in takers for usos_id in (person.usos_id, owner)}
    first = [person for person in accepted.values() if person.usos_id in moving]
    return Settled(first, [person for person in accepted.values() if person.usos_id not in moving], problems)


def _album_owners(session: Session, people: list[Person]) -> Owners:
    numbers = [person.cells.album_number for person in people if person.cells.album_number]
    query = select(Student.album_number, Student.usos_id)
    found: dict[str, str] = {}
    for some in _batches(numbers):
        for row in session.execute(query.where(Student.album_number.in_(some))):
            found[str(row.album_number)] = row.usos_id
    return found


def _card_owners(session: Session, people: list[Person]) -> Owners:
    numbers = [card.number for person in people for card in person.cards]
    query = select(PlasticCard.card_number, Student.usos_id).join(PlasticCard.student)
    found: dict[str, str] = {}
    for some in _batches(numbers):
        for row in session.execute(query.where(PlasticCard.card_number.in_(some))):
            found[row.card_number] = row.usos_id
    return found


def _batches(numbers: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]


def _taken(person: Person, albums: Owners, cards: Owners) -> Iterator[tuple[str, str]]:
    """The columns in which the person claims what the registry knows as another's, with that owner."""
    album = person.cells.album_number
    if album is not None and albums.get(album, person.usos_id) != person.usos_id:
        yield "album_number", albums[album]
    for card in person.cards:
        if cards.get(card.number, person.usos_id) != person.usos_id:
            yield "els_number", cards[card.number]
