"""The frame that every page has: menus, language, banner, footer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from portal import create_app
from portal.database import db
from portal.settings import Settings
from tests.conftest import START
from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.nu import NuChecker
from tests.support.pages import CheckedClient, csrf_of, make_client
from tests.support.people import make_student

HELP = "/pomoc/mlegitymacja"
PUBLIC = ("/", HELP, f"{HELP}/film", "/deklaracja-dostepnosci", "/prywatnosc", "/logowanie", "/no-such-page")
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}


@pytest.fixture
def student(app: Flask, client: CheckedClient) -> CheckedClient:
    make_account(app, make_student(app))
    assert log_in(client).status_code == 303
    return client


def switch(client: CheckedClient, language: str, path: str = "/", **extra: str) -> str:
    """Press the language button on the page at `path`; where that leads."""
    token = csrf_of(client.get(path).text)
    answer = client.post("/jezyk", data={"csrf_token": token, "language": language, "next": path, **extra})
    assert answer.status_code == 303
    return str(answer.location)


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("language", ["pl", "en"])
def test_every_public_page_is_there_in_both_languages(
    client: CheckedClient, path: str, language: str
) -> None:
    page = Page(client.get(path, headers={"Accept-Language": language}).text)
    assert page.one("html")["lang"] == language
    footer = {link["href"] for link in page.all("a") if link.inside("footer")}
    assert {"/deklaracja-dostepnosci", "/prywatnosc"} <= footer


def test_whoever_asks_for_another_language_gets_polish(client: CheckedClient) -> None:
    assert client.get("/", headers={"Accept-Language": "fr"}).headers["Content-Language"] == "pl"


def test_a_chosen_language_stays_and_wins_over_the_browsers(client: CheckedClient) -> None:
    assert switch(client, "pl", "/prywatnosc") == "/prywatnosc"
    assert client.get("/", headers=ENGLISH).headers["Content-Language"] == "pl"


def test_a_language_is_chosen_only_by_a_form_of_ours(client: CheckedClient) -> None:
    assert client.get("/jezyk").status_code == 405
    assert client.post("/jezyk", data={"language": "en"}).status_code == 400
    assert client.get("/").headers["Content-Language"] == "pl"


def test_an_unknown_language_is_refused(client: CheckedClient) -> None:
    token = csrf_of(client.get("/").text)
    assert client.post("/jezyk", data={"csrf_token": token, "language": "xx"}).status_code == 400


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "https:evil", "javascript:x", "/wyloguj"],
)
def test_the_language_switch_leads_to_pages_of_ours_only(client: CheckedClient, target: str) -> None:
    assert switch(client, "en", next=target) == "/"


def test_an_accounts_language_follows_its_owner_to_another_browser(
    student: CheckedClient, second_client: CheckedClient
) -> None:
    switch(student, "en")
    log_in(second_client)
    assert second_client.get("/dla-studentow").headers["Content-Language"] == "en"


def test_an_account_that_never_chose_leaves_the_language_to_the_browser(student: CheckedClient) -> None:
    assert student.get("/dla-studentow", headers=ENGLISH).headers["Content-Language"] == "en"


@pytest.fixture
def queries(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    with app.app_context():
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", PUBLIC)
def test_an_anonymous_visitor_costs_no_query(client: CheckedClient, queries: list[str], path: str) -> None:
    client.get(path)
    assert queries == []


def test_the_menu_marks_where_one_is(student: CheckedClient) -> None:
    page = Page(student.get("/dla-studentow").text)
    assert [link["href"] for link in page.all("a", aria_current="page")] == ["/dla-studentow"]
    page = Page(student.get("/dla-studentow/mlegitymacja").text)
    assert [link["href"] for link in page.all("a", aria_current="page")] == ["/dla-studentow/mlegitymacja"]
    assert [link["href"] for link in page.all("a", aria_current="true")] == ["/dla-studentow"]


def test_the_side_menu_leads_from_my_studies_to_the_order(student: CheckedClient) -> None:
    page = Page(student.get("/dla-studentow").text)
    menu = page.one("nav", aria_labelledby="side-heading")
    assert page.one(id="side-heading").text == "Moje studia"
    links = [(link["href"], link.text) for link in page.all("a") if menu in link.ancestors]
    assert links == [
        ("/dla-studentow/mlegitymacja", "mLegitymacja"),
        ("/dla-studentow/moje-dane", "Moje dane"),
    ]


def test_the_area_for_students_asks_to_log_in_first(client: CheckedClient) -> None:
    answer = client.get("/dla-studentow")
    assert (answer.status_code, answer.location) == (303, "/logowanie?next=/dla-studentow")


def test_staff_are_not_led_to_where_only_students_may_go(app: Flask, client: CheckedClient) -> None:
    make_account(app, login="dziekanat", password="dziekanat", role="staff")
    log_in(client, "dziekanat", "dziekanat")
    assert "/dla-studentow" not in [link["href"] for link in Page(client.get("/").text).all("a")]


def test_the_skip_link_comes_first_and_leads_into_the_content(client: CheckedClient) -> None:
    page = Page(client.get("/").text)
    first = page.all("a", "button")[0]
    assert (first.text, first["href"]) == ("Przejdź do treści", "#" + page.one("main")["id"])


def test_who_is_logged_in_can_log_out_by_a_form(student: CheckedClient) -> None:
    page = Page(student.get("/").text)
    assert page.one("form", action="/wyloguj")["method"] == "post"
    assert "100001" in page.one("header").text


@pytest.mark.parametrize("demo", [True, False])
def test_only_a_demonstration_says_that_it_is_one(
    instance: Path, nu_checker: NuChecker, settings: Settings, demo: bool
) -> None:
    app = create_app(replace(settings, demo=demo))
    texts = [text for text, _ in Page(make_client(app, nu_checker).get("/").text).texts]
    assert ("Wersja demonstracyjna." in texts) is demo
    assert any("Ministerialny mObywatel" in text for text in texts) is demo


def test_the_university_bears_the_name_of_the_settings_language(client: CheckedClient) -> None:
    header = Page(client.get("/").text).one("header").text
    assert "Politechnika Próbna" in header
    assert "PPr" in header
    assert "Trial University of Technology" in client.get("/", headers=ENGLISH).text


@pytest.mark.parametrize(("language", "month"), [("pl", "listopada"), ("en", "November")])
def test_times_are_shown_as_they_are_in_warsaw(app: Flask, language: str, month: str) -> None:
    template = app.jinja_env.from_string("{{ at | format_datetime }} | {{ at.date() | format_date }}")
    with app.test_request_context(headers={"Accept-Language": language}):
        assert template.render(at=START) == f"20 {month} 2026, 12:00 | 20 {month} 2026"
