"""The first view of a page fits the first TCP flight; what holds guesses and secrets is not compressed."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask

from portal.orders import issuance
from tests.support.html import Page
from tests.support.login import log_in, make_account, post
from tests.support.pages import CheckedClient, csrf_of
from tests.support.people import make_student

FIRST_FLIGHT = 14_600
INSTALLING = ("manifest", "apple-touch-icon")
GZIP = {"Accept-Encoding": "gzip"}
PUBLIC = (
    "/",
    "/pomoc/mlegitymacja",
    "/pomoc/mlegitymacja/film",
    "/deklaracja-dostepnosci",
    "/prywatnosc",
    "/logowanie",
    "/weryfikacja",
)
STUDENTS = ("/dla-studentow", "/dla-studentow/mlegitymacja", "/dla-studentow/moje-dane", "/konto/haslo")


def first_view(client: CheckedClient, path: str) -> int:
    """Bytes of the page and all it loads, as sent, but htmx, which is deferred and kept for good.

    A manifest and its icon are asked for by whoever installs the portal. Pictures that wait until somebody
    scrolls to them have a limit of their own (`test_help_files.py`).
    """
    answer = client.get(path, headers=GZIP)
    assert answer.status_code == 200
    page = Page(gzip.decompress(answer.data).decode())
    elements = [e for e in page.all("link", "script", "img") if e["rel"] not in INSTALLING]
    eager = [e for e in elements if e["loading"] != "lazy"]
    loaded = [e["src"] or e["href"] for e in eager if e["src"] or e["href"]]
    loaded += [film["poster"] for film in page.all("video")]
    parts = [client.get(url, headers=GZIP).data for url in loaded if "/htmx." not in url]
    return len(answer.data) + sum(map(len, parts))


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_fits_the_first_flight(client: CheckedClient, path: str) -> None:
    assert first_view(client, path) <= FIRST_FLIGHT


@pytest.mark.parametrize("path", STUDENTS)
def test_a_students_page_fits_the_first_flight(app: Flask, client: CheckedClient, path: str) -> None:
    make_account(app, make_student(app))
    log_in(client)
    assert first_view(client, path) <= FIRST_FLIGHT


def test_even_the_page_with_the_qr_code_fits_the_first_flight(app: Flask, client: CheckedClient) -> None:
    make_account(app, make_student(app))
    log_in(client)
    token = csrf_of(client.get(STUDENTS[1]).text)
    client.post(f"{STUDENTS[1]}/zamow", data={"csrf_token": token})
    with app.app_context():
        issuance.issue_due()
    assert Page(client.get(f"{STUDENTS[1]}/kody").text).one("div", class_="qr")
    assert first_view(client, f"{STUDENTS[1]}/kody") <= FIRST_FLIGHT


def test_a_page_is_the_same_compressed_or_not(client: CheckedClient) -> None:
    packed, plain = client.get("/", headers=GZIP), client.get("/")
    assert Page(gzip.decompress(packed.data).decode()).one("h1").text == Page(plain.text).one("h1").text
    assert "Accept-Encoding" in plain.vary


@pytest.mark.parametrize("path", ["/?guess=abc", "/logowanie?next=/dla-studentow", "/no-such-page"])
def test_what_repeats_a_request_is_not_compressed(client: CheckedClient, path: str) -> None:
    assert "Content-Encoding" not in client.get(path, headers=GZIP).headers


def test_the_answer_to_a_form_is_not_compressed(client: CheckedClient) -> None:
    client.get("/logowanie")
    answer = post(client, "/logowanie", {"login": "guess"}, Accept_Encoding="gzip")
    assert answer.mimetype == "text/html"
    assert "Content-Encoding" not in answer.headers
