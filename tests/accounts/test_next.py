"""Where a log-in leads: only to pages of ours."""

from __future__ import annotations

import pytest

from tests.support.login import csrf_token, log_in
from tests.support.pages import CheckedClient

OWN = [
    "/dla-studentow",
    "/konto/haslo",
    "/konto/haslo?a=b%20c&d=%C5%BC",
    "/pomoc/mlegitymacja#kod",
    "/",
]
FOREIGN = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "javascript:alert(1)",
    "https:evil.example",
    "https://evil.example/dla-studentow",
    "//evil.example/dla-studentow",
    "evil.example",
    "/%2fevil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%255cevil.example",
    "/%25252fevil.example",
    "%2f%2fevil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/dla-studentow\r\nSet-Cookie: a=b",
    "/dla-studentow%0d%0aSet-Cookie:%20a=b",
    "/dla-studentow?%0d%0a",
    "/@evil.example",
    "/.evil.example/..//evil.example",
    "https://legitymacja.example.org@evil.example/",
    "http://[",
    "/no-such-page",
    "/wyloguj",
    "/logowanie",
    "/haslo/token",
    "/sesja/stan",
    "/" + "a" * 600,
    "",
]


@pytest.mark.parametrize("path", OWN)
def test_our_own_page_is_where_the_log_in_leads(client: CheckedClient, student: int, path: str) -> None:
    assert log_in(client, next_page=path).location == path


@pytest.mark.parametrize("path", FOREIGN)
def test_any_other_word_leads_to_the_students_start_page(
    client: CheckedClient, student: int, path: str
) -> None:
    assert log_in(client, next_page=path).location == "/dla-studentow"


@pytest.mark.parametrize("path", FOREIGN)
def test_a_foreign_word_in_the_address_does_not_get_into_the_page(client: CheckedClient, path: str) -> None:
    page = client.get("/logowanie", query_string={"next": path}).text
    assert "evil" not in page
    assert 'name="next"' not in page.split("<main")[1]


def test_staff_start_elsewhere(client: CheckedClient, staff: int) -> None:
    assert log_in(client, "dziekanat", "dziekanat").location == "/"


def test_a_failed_log_in_keeps_the_way_back(client: CheckedClient, student: int) -> None:
    page = log_in(client, password="wrong", next_page="/konto/haslo").text
    assert 'name="next" value="/konto/haslo"' in page
    assert csrf_token(client)
