"""From rows to people: one person may have several rows, and is kept whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields

from flask_babel import gettext as _

from portal.registry.columns import CardCells, PersonCells, ProgrammeCells, Row
from portal.registry.report import Problem

Groups = Mapping[str, list[Row]]
_COLUMN_OF = {"status": "student_status"}


@dataclass(frozen=True)
class Person:
    """All that the file says of one person. `line` is that of the first row."""

    line: int
    cells: PersonCells
    programmes: tuple[ProgrammeCells, ...]
    cards: tuple[CardCells, ...]

    @property
    def usos_id(self) -> str:
        return self.cells.usos_id


@dataclass(frozen=True)
class Gathered:
    """The people who may be kept; how many may not, and why."""

    people: list[Person]
    refused: int
    problems: list[Problem]


def gather(rows: Iterable[Row], labels: Mapping[str, str]) -> Gathered:
    """Put the rows of each person together. A problem in one row keeps the whole person out.

    Two people with one album or card number are both kept out: nobody here knows whose it is.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        # A row without an identifier is a person of its own, so that it still spoils its album number.
        groups[row.usos_id or f"line {row.line}"].append(row)
    problems = {key: [problem for row in group for problem in row.problems] for key, group in groups.items()}
    for key, group in groups.items():
        problems[key] += _disagreements(group, labels)
    for key, problem in _shared(groups, labels):
        problems[key].append(problem)
    for key, group in groups.items():
        problems[key] += _left_out(group, {problem.line for problem in problems[key]})
    people = [_person(group) for key, group in groups.items() if not problems[key]]
    every = sorted(problem for found in problems.values() for problem in found)
    return Gathered(people, len(groups) - len(people), every)


def _disagreements(group: list[Row], labels: Mapping[str, str]) -> Iterator[Problem]:
    """Rows of one person that contradict each other; the first one is taken as the measure."""
    sound = [row for row in group if not row.problems]
    codes: dict[str, Row] = {}
    numbers: dict[str, Row] = {}
    for row in sound:
        for field in fields(PersonCells):
            if getattr(row.person, field.name) != getattr(sound[0].person, field.name):
                column = labels[_COLUMN_OF.get(field.name, field.name)]
                yield Problem(
                    row.line, column, _("not as in line %(line)d of the same person", line=sound[0].line)
                )
        if row.programme:
            first = codes.setdefault(row.programme.code, row)
            if first.programme != row.programme:
                yield _told_twice(row, labels["programme_code"], first)
        if row.card:
            first = numbers.setdefault(row.card.number, row)
            if first.card != row.card:
                yield _told_twice(row, labels["els_number"], first)


def _told_twice(row: Row, column: str, first: Row) -> Problem:
    return Problem(row.line, column, _("line %(line)d says something else about it", line=first.line))


def _shared(groups: Groups, labels: Mapping[str, str]) -> Iterator[tuple[str, Problem]]:
    """Album and card numbers that more than one person of the file has."""
    readers: dict[str, Callable[[Row], str | None]] = {
        "album_number": lambda row: row.album,
        "els_number": lambda row: row.card.number if row.card else None,
    }
    for column, read in readers.items():
        lines: dict[str, dict[str, int]] = defaultdict(dict)
        for key, group in groups.items():
            for row in group:
                if (value := read(row)) is not None:
                    lines[value].setdefault(key, row.line)
        for owners in lines.values():
            for key, line in owners.items() if len(owners) > 1 else ():
                other = next(owner_line for owner, owner_line in owners.items() if owner != key)
                why = _("another person has the same in line %(line)d", line=other)
                yield key, Problem(line, labels[column], why)


def _left_out(group: list[Row], bad_lines: set[int]) -> Iterator[Problem]:
    """Good rows of a person who has a bad one."""
    for row in group if bad_lines else ():
        if row.line not in bad_lines:
            why = _("left out, since line %(line)d of the same person is refused", line=min(bad_lines))
            yield Problem(row.line, "", why)


def _person(group: list[Row]) -> Person:
    cells = group[0].person
    assert cells is not None  # noqa: S101 — rows without cells have a problem
    programmes = {row.programme.code: row.programme for row in group if row.programme}
    cards = {row.card.number: row.card for row in group if row.card}
    return Person(group[0].line, cells, tuple(programmes.values()), tuple(cards.values()))
