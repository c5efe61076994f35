"""Album and card numbers that somebody else in the registry has already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.batches import batches
from portal.registry.models import PlasticCard, Student
from portal.registry.people import Person
from portal.registry.report import Problem

Owners = Mapping[str, str]
Claim = tuple[str, str]
"""The column of a number that is another's, and that other's ``usos_id``."""
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
    claims = {person.usos_id: list(_taken(person, albums, cards)) for person in people}
    refused = _refused(claims)
    why = _("another person in the registry has it, who keeps it as far as this file says")
    problems = [
        Problem(person.line, labels[column], why)
        for person in people
        for column in refused.get(person.usos_id, ())
    ]
    accepted = [person for person in people if person.usos_id not in refused]
    moving = {
        one
        for person in accepted
        for _column, owner in claims[person.usos_id]
        for one in (person.usos_id, owner)
    }
    first = [person for person in accepted if person.usos_id in moving]
    return Settled(first, [person for person in accepted if person.usos_id not in moving], problems)


def _refused(claims: Mapping[str, Sequence[Claim]]) -> dict[str, list[str]]:
    """Who can't be given what they claim, with the columns.

    From each keeper to those who want its numbers: so a chain of thousands is walked along once.
    """
    takers: dict[str, list[str]] = defaultdict(list)
    for taker, claimed in claims.items():
        for _column, owner in claimed:
            takers[owner].append(taker)
    refused: dict[str, list[str]] = {}
    keepers = takers.keys() - claims.keys()
    while keepers:
        # Who is refused keeps the number, which may spoil somebody else's.
        spoilt = {taker for one in keepers for taker in takers.get(one, ()) if taker not in refused}
        refused |= {
            taker: [column for column, owner in claims[taker] if owner not in claims or owner in refused]
            for taker in spoilt
        }
        keepers = spoilt
    return refused


def _album_owners(session: Session, people: list[Person]) -> Owners:
    numbers = [person.cells.album_number for person in people if person.cells.album_number]
    query = select(Student.album_number, Student.usos_id)
    found: dict[str, str] = {}
    for some in batches(numbers, BATCH):
        for row in session.execute(query.where(Student.album_number.in_(some))):
            found[str(row.album_number)] = row.usos_id
    return found


def _card_owners(session: Session, people: list[Person]) -> Owners:
    numbers = [card.number for person in people for card in person.cards]
    query = select(PlasticCard.card_number, Student.usos_id).join(PlasticCard.student)
    found: dict[str, str] = {}
    for some in batches(numbers, BATCH):
        for row in session.execute(query.where(PlasticCard.card_number.in_(some))):
            found[row.card_number] = row.usos_id
    return found


def _taken(person: Person, albums: Owners, cards: Owners) -> Iterator[Claim]:
    """What the person claims that the registry knows as another's."""
    album = person.cells.album_number
    if album is not None and albums.get(album, person.usos_id) != person.usos_id:
        yield "album_number", albums[album]
    for card in person.cards:
        if cards.get(card.number, person.usos_id) != person.usos_id:
            yield "els_number", cards[card.number]
