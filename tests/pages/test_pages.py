"""The accessibility statement, privacy, help, robots and health."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app
from portal.settings import MailSettings, Settings
from tests.support.html import Page
from tests.support.nu import NuChecker
from tests.support.pages import CheckedClient, make_client

# Read by machines: the ministry's technical conditions for accessibility statements.
STATEMENT_IDS = (
    "a11y-wstep",
    "a11y-podmiot",
    "a11y-zakres",
    "a11y-url",
    "a11y-data-publikacja",
    "a11y-data-aktualizacja",
    "a11y-status",
    "a11y-kontakt",
    "a11y-email",
    "a11y-telefon",
    "a11y-procedura",
    "a11y-data-sporzadzenie",
    "a11y-architektura",
    "a11y-komunikacja",
)
HEADINGS = [
    "Stan dostępności cyfrowej",
    "Przygotowanie deklaracji dostępności i jej aktualizacja",
    "Udogodnienia, ograniczenia i inne informacje",
    "Informacje zwrotne i dane kontaktowe",
    "Obsługa wniosków i skarg związanych z dostępnością",
    "Pozostałe informacje",
    "Dostępność architektoniczna",
    "Dostępność komunikacyjno-informacyjna",
]


def statement(client: CheckedClient, language: str = "pl") -> Page:
    return Page(client.get("/deklaracja-dostepnosci", headers={"Accept-Language": language}).text)


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_statement_holds_each_machine_readable_id_once(client: CheckedClient, language: str) -> None:
    ids = Counter(name for name in statement(client, language).ids() if name.startswith("a11y-"))
    assert ids == Counter(STATEMENT_IDS)


def test_the_statements_headings_stand_in_the_official_order(client: CheckedClient) -> None:
    assert [heading.text for heading in statement(client).all("h2", "h3")] == HEADINGS


def test_the_statement_says_what_the_settings_say(client: CheckedClient) -> None:
    page = statement(client)
    dates = {e["id"]: e["datetime"] for e in page.all("time")}
    assert dates == {
        "a11y-data-publikacja": "2026-11-02",
        "a11y-data-aktualizacja": "2026-11-03",
        "a11y-data-sporzadzenie": "2026-11-01",
    }
    assert page.one(id="a11y-kontakt").text == "Anna Pomocna"
    assert page.one(id="a11y-email")["href"] == "mailto:dostepnosc@example.org"
    assert page.one(id="a11y-telefon")["href"] == "tel:+48850000000"
    assert page.one(id="a11y-url")["href"] == "https://legitymacja.example.org/"


def test_after_its_first_review_the_statement_says_when(
    settings: Settings, instance: Path, nu_checker: NuChecker
) -> None:
    reviewed = replace(
        settings.accessibility, reviewed=date(2027, 3, 30), architecture_pl="Wejście B, winda."
    )
    app = create_app(replace(settings, accessibility=reviewed))
    page = statement(make_client(app, nu_checker))
    assert page.one(id="a11y-data-przeglad")["datetime"] == "2027-03-30"
    assert page.one(id="a11y-architektura").text == "Wejście B, winda."


def test_the_privacy_page_names_who_answers_and_how_long_a_session_is(client: CheckedClient) -> None:
    page = Page(client.get("/prywatnosc").text)
    assert page.one("a", href="mailto:iod@example.org").text == "iod@example.org"
    text = page.one("main").text
    assert "po 30 min bezczynności i najpóźniej po 12 godz." in text


@pytest.mark.parametrize(("months", "words"), [(1, "przez 1 miesiąc"), (12, "przez 12 miesięcy")])
def test_the_privacy_page_says_how_long_data_of_people_who_left_stay(
    settings: Settings, instance: Path, nu_checker: NuChecker, months: int, words: str
) -> None:
    app = create_app(replace(settings, retention_months=months))
    text = Page(make_client(app, nu_checker).get("/prywatnosc").text).one("main").text
    assert text.count(words) == 2


def test_the_privacy_page_tells_of_mails_where_there_is_a_mail_server(
    settings: Settings, instance: Path, nu_checker: NuChecker
) -> None:
    mail = MailSettings(host="localhost", sender="portal@example.org")
    for chosen, told in ((None, False), (mail, True)):
        app = create_app(replace(settings, mail=chosen))
        text = Page(make_client(app, nu_checker).get("/prywatnosc").text).one("main").text
        assert ("Wiadomości o legitymacji" in text) == told


def test_the_privacy_page_tells_what_apps_get(client: CheckedClient) -> None:
    text = Page(client.get("/prywatnosc").text).one("main").text
    assert "Aplikacja, której dasz dostęp, otrzymuje to, na co się zgadzasz" in text


@pytest.mark.parametrize(("policy", "conditions"), [("classic", 7), ("2025", 4)])
def test_the_help_page_lists_the_conditions_in_force(
    settings: Settings, instance: Path, nu_checker: NuChecker, policy: str, conditions: int
) -> None:
    app = create_app(replace(settings, policy=policy))
    page = Page(make_client(app, nu_checker).get("/pomoc/mlegitymacja").text)
    who = page.one("section", aria_labelledby="kto")
    assert len([item for item in page.all("li") if who in item.ancestors]) == conditions


def test_search_engines_are_asked_to_stay_away(client: CheckedClient) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_a_healthy_portal_says_so(client: CheckedClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")
    assert answer.json["checks"]["database"] == {"ok": True, "detail": "reachable"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_portal_without_its_database_says_so(
    settings: Settings, instance: Path, nu_checker: NuChecker
) -> None:
    app = create_app(replace(settings, database_url="sqlite:////nowhere/at/all.sqlite"))
    answer = make_client(app, nu_checker).get("/healthz")
    assert (answer.status_code, answer.json["status"]) == (503, "failing")
    assert answer.json["checks"]["database"] == {"ok": False, "detail": "unreachable"}


def test_other_parts_can_add_a_check(app: Flask, client: CheckedClient) -> None:
    app.extensions["portal.health"].append(("engine", lambda: (False, "no pulse")))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["checks"]["engine"] == {"ok": False, "detail": "no pulse"}
