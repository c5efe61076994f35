"""A press that can not be written down: the page says so above the order as it stands."""

from __future__ import annotations

import pytest

from portal.database import DatabaseBusy
from portal.orders import service
from tests.mlegitymacja.conftest import PAGE, Student


@pytest.fixture
def ordered(student: Student) -> Student:
    student.order()
    return student


@pytest.fixture
def busy(ordered: Student, monkeypatch: pytest.MonkeyPatch, failing_on_purpose: None) -> None:
    def place(*_whom: object) -> None:
        raise DatabaseBusy("another process keeps the database locked")

    monkeypatch.setattr(service, "place", place)


@pytest.mark.parametrize(
    ("language", "said"), [("pl", "Portal jest chwilowo niedostępny"), ("en", "temporarily unavailable")]
)
def test_the_order_page_stands_under_what_could_not_be_done(
    ordered: Student, busy: None, language: str, said: str
) -> None:
    ordered.speaks(language)
    answer = ordered.press(f"{PAGE}/zamow")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert said in answer.text
    assert 'class="status status--waiting"' in answer.text


def test_the_log_says_it_in_one_line(
    ordered: Student, busy: None, capsys: pytest.CaptureFixture[str]
) -> None:
    ordered.press(f"{PAGE}/zamow")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if " ERROR " in line]
    assert line.endswith("mlegitymacja.order is unavailable: another process keeps the database locked")
