"""The columns of students.csv (docs/import.md), and what each cell may hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from portal import clock
from portal.registry import addresses
from portal.registry.csv_in import Column, Line
from portal.registry.models import StudentStatus, StudyLevel
from portal.registry.records import PersonalData
from portal.registry.report import Problem

COLUMNS = (
    Column("usos_id", "id_osoby"),
    Column("album_number", "nr_albumu"),
    Column("given_names", "imiona"),
    Column("surname", "nazwisko"),
    Column("birth_date", "data_urodzenia"),
    Column("pesel", "pesel"),
    Column("student_status", "status_studenta"),
    Column("programme_code", "kod_programu"),
    Column("programme_name", "nazwa_programu"),
    Column("faculty", "wydzial"),
    Column("study_level", "poziom_studiow"),
    Column("programme_active", "program_aktywny"),
    Column("graduated_on", "data_ukonczenia"),
    Column("els_number", "numer_els"),
    Column("els_issued_on", "data_wydania_els"),
    Column("els_valid_until", "els_wazna_do"),
    Column("els_given_names", "imiona_na_els", optional=True),
    Column("els_surname", "nazwisko_na_els", optional=True),
    Column("els_pesel", "pesel_na_els", optional=True),
    Column("photo", "zdjecie", optional=True),
    Column("email", "e-mail", optional=True),
)
STATUSES = {
    "active": StudentStatus.ACTIVE,
    "aktywny": StudentStatus.ACTIVE,
    "2": StudentStatus.ACTIVE,
    "inactive": StudentStatus.INACTIVE,
    "nieaktywny": StudentStatus.INACTIVE,
    "1": StudentStatus.INACTIVE,
    "none": StudentStatus.NONE,
    "brak": StudentStatus.NONE,
    "0": StudentStatus.NONE,
}
LEVELS = {
    **{level.value: level for level in StudyLevel},
    "pierwszego_stopnia": StudyLevel.FIRST_CYCLE,
    "drugiego_stopnia": StudyLevel.SECOND_CYCLE,
    "jednolite_magisterskie": StudyLevel.LONG_CYCLE,
    "doktoranckie": StudyLevel.DOCTORAL,
    "podyplomowe": StudyLevel.POSTGRADUATE,
}
ANSWERS = {"yes": True, "tak": True, "1": True, "no": False, "nie": False, "0": False}
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]*")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class PersonCells:
    usos_id: str
    album_number: str | None
    given_names: str
    surname: str
    birth_date: date | None
    pesel: str | None
    status: StudentStatus
    photo: str | None
    email: str | None
    """Empty where USOS has no address; None where the file has no such column."""

    @property
    def personal(self) -> PersonalData:
        return PersonalData(self.given_names, self.surname, self.pesel)


@dataclass(frozen=True)
class ProgrammeCells:
    code: str
    name: str
    faculty: str
    level: StudyLevel
    active: bool
    graduated_on: date | None


@dataclass(frozen=True)
class CardCells:
    """`snapshot` is None where the file leaves it to us to keep the data of the first import."""

    number: str
    issued_on: date
    valid_until: date
    snapshot: PersonalData | None


@dataclass(frozen=True)
class Row:
    """A row that can be kept, or with its problems; `usos_id` and `album` say whom a bad row spoils."""

    line: int
    usos_id: str | None
    album: str | None
    person: PersonCells | None
    programme: ProgrammeCells | None
    card: CardCells | None
    problems: tuple[Problem, ...]


class _Cells:
    """Reads the cells of one row and collects every problem."""

    def __init__(self, line: Line, labels: Mapping[str, str]) -> None:
        self.line = line
        self.labels = labels
        self.problems: list[Problem] = []

    def refuse(self, column: str, why: str) -> None:
        self.problems.append(Problem(self.line.number, self.labels.get(column, column), why))

    def text(self, column: str, longest: int) -> str | None:
        """The cell with single spaces and composed letters; None where it is empty or refused."""
        raw = unicodedata.normalize("NFC", self.line.cells.get(column, "").strip())
        if any(unicodedata.category(letter) in _INVISIBLE for letter in raw):
            self.refuse(column, _("there is an invisible or control character"))
            return None
        text = " ".join(raw.split())
        if len(text) > longest:
            self.refuse(column, _("longer than %(limit)d characters", limit=longest))
            return None
        return text or None

    def needed(self, column: str, longest: int) -> str:
        before = len(self.problems)
        text = self.text(column, longest)
        if text is None and len(self.problems) == before:
            self.refuse(column, _("empty"))
        return text or ""

    def identifier(self, column: str, longest: int) -> str | None:
        text = self.text(column, longest)
        if text is not None and not _IDENTIFIER.fullmatch(text):
            self.refuse(column, _("only letters, digits and . _ / - may stand here"))
            return None
        return text

    def day(self, column: str) -> date | None:
        text = self.text(column, 200)
        if text is None:
            return None
        try:
            day = date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None or not _EARLIEST <= day <= _LATEST:
            self.refuse(column, _("not a date like 2027-03-31"))
            return None
        return day

    def needed_day(self, column: str) -> date | None:
        before = len(self.problems)
        day = self.day(column)
        if day is None and len(self.problems) == before:
            self.refuse(column, _("empty"))
        return day

    def word(self, column: str, words: Mapping[str, object]) -> str | None:
        """The key of `words` that stands here, however it is written; refused where it is none of them."""
        text = self.needed(column, 200)
        key = text.lower().replace(" ", "_")
        if text and key not in words:
            self.refuse(column, _("must be one of: %(words)s", words=", ".join(words)))
        return key if key in words else None

    def only_with(self, column: str, others: tuple[str, ...]) -> None:
        """Refuse what stands in `others` while `column` is empty."""
        if self.line.cells.get(column, "").strip():
            return
        for other in others:
            if self.line.cells.get(other, "").strip():
                self.refuse(
                    column, _("empty, but %(other)s is filled in", other=self.labels.get(other, other))
                )
                return


_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def parse(line: Line, labels: Mapping[str, str]) -> Row:
    """What the row says, or every problem in it."""
    cells = _Cells(line, labels)
    if not line.complete:
        problem = Problem(line.number, "", _("not as many cells as the header has"))
        usos_id, album = (_peek(line, column) for column in ("usos_id", "album_number"))
        return Row(line.number, usos_id, album, None, None, None, (problem,))
    person, programme, card = _person(cells), _programme(cells), _card(cells)
    return Row(
        line.number,
        person.usos_id or None,
        person.album_number,
        person,
        programme,
        card,
        tuple(cells.problems),
    )


def _peek(line: Line, column: str) -> str | None:
    return line.cells.get(column, "").strip() or None


def _person(cells: _Cells) -> PersonCells:
    usos_id = cells.identifier("usos_id", 40)
    if usos_id is None and not cells.problems:
        cells.refuse("usos_id", _("empty"))
    birth_date = cells.day("birth_date")
    if birth_date is not None and birth_date > clock.today():
        cells.refuse("birth_date", _("in the future"))
    return PersonCells(
        usos_id=usos_id or "",
        album_number=cells.identifier("album_number", 20),
        given_names=cells.needed("given_names", 100),
        surname=cells.needed("surname", 100),
        birth_date=birth_date,
        pesel=cells.text("pesel", 11),
        status=STATUSES[cells.word("student_status", STATUSES) or "none"],
        photo=cells.text("photo", 255),
        email=_email(cells),
    )


def _email(cells: _Cells) -> str | None:
    if "email" not in cells.labels:
        return None
    address = cells.text("email", addresses.MAX_LENGTH)
    if address is not None and not addresses.is_valid(address):
        cells.refuse("email", _("not one e-mail address like anna@example.org"))
    return address or ""


def _programme(cells: _Cells) -> ProgrammeCells | None:
    code = cells.text("programme_code", 40)
    if code is None:
        others = ("programme_name", "faculty", "study_level", "programme_active", "graduated_on")
        cells.only_with("programme_code", others)
        return None
    return ProgrammeCells(
        code=code,
        name=cells.needed("programme_name", 200),
        faculty=cells.needed("faculty", 200),
        level=LEVELS[cells.word("study_level", LEVELS) or "first_cycle"],
        active=ANSWERS[cells.word("programme_active", ANSWERS) or "no"],
        graduated_on=cells.day("graduated_on"),
    )


def _card(cells: _Cells) -> CardCells | None:
    number = cells.identifier("els_number", 40)
    if number is None:
        others = ("els_issued_on", "els_valid_until", "els_given_names", "els_surname", "els_pesel")
        cells.only_with("els_number", others)
        return None
    issued_on, valid_until = cells.needed_day("els_issued_on"), cells.needed_day("els_valid_until")
    if issued_on and valid_until and issued_on > valid_until:
        issued_label = cells.labels["els_issued_on"]
        cells.refuse("els_valid_until", _("earlier than %(other)s", other=issued_label))
    return CardCells(number, issued_on or _EARLIEST, valid_until or _EARLIEST, _snapshot(cells))


def _snapshot(cells: _Cells) -> PersonalData | None:
    given_names, surname = cells.text("els_given_names", 100), cells.text("els_surname", 100)
    pesel = cells.text("els_pesel", 11)
    if given_names is None and surname is None:
        cells.only_with("els_surname", ("els_pesel",))
        return None
    if given_names is None:
        cells.only_with("els_given_names", ("els_surname",))
    if surname is None:
        cells.only_with("els_surname", ("els_given_names",))
    return PersonalData(given_names or "", surname or "", pesel)
