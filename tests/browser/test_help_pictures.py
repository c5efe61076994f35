"""The help and the film show the portal as it is: the way is played again, and every screen compared.

Where this fails after a change that was meant, `make film` makes both anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest
from playwright.sync_api import Browser, expect

from portal.assets import STATIC
from portal.pages import films
from scripts.film import way
from scripts.film.camera import COMPUTER
from scripts.film.notes import Notes
from scripts.film.stage import PHONE, Stage, demonstration
from scripts.film.watcher import Watcher
from tests.browser.conftest import Visitor

HELP = "/pomoc/mlegitymacja"
CAPTIONS = (STATIC / "help" / "film.pl.vtt").read_text(encoding="utf-8")
MADE = json.loads(films.SCENES_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def notes(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Notes:
    taken = Notes()
    with demonstration(tmp_path_factory.mktemp("film")) as server:
        stage = Stage(server, browser)
        nobody = Watcher()
        with (
            stage.device(nobody, taken, viewport=COMPUTER) as computer,
            stage.device(nobody, taken, **PHONE) as phone,
        ):
            codes = way.on_the_portal(computer, "100001", stage.process_orders)
            way.on_the_phone(phone, codes)
            way.back_at_the_computer(computer)
    return taken


def test_every_screen_of_the_film_is_still_there_and_shows_the_same(notes: Notes) -> None:
    now = {screen.name: asdict(screen) for screen in notes.screens}
    assert now == {screen["name"]: screen for screen in MADE["screens"]}, "run `make film`"


@pytest.mark.parametrize("chapter", ["portal", "aktywacja"])
def test_what_the_help_names_stands_on_a_screen(visitor: Visitor, notes: Notes, chapter: str) -> None:
    visitor.open(HELP)
    told = visitor.page.locator(f"section[aria-labelledby={chapter}]").inner_text()
    shown = {words for screen in notes.screens for words in screen.shows.values()}
    assert set(re.findall("„([^”]+)”", told)) - shown == set()


def test_the_film_comes_when_it_is_started_with_captions_and_can_be_wound(visitor: Visitor) -> None:
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.open(HELP)
    visitor.page.get_by_role("link", name="Zobacz film").click()
    expect(visitor.page.locator("h1")).to_have_text("Film: zamawianie mLegitymacji")
    visitor.page.wait_for_load_state("networkidle")
    assert not [url for url in asked if url.endswith((".webm", ".mp4"))]
    film = visitor.page.locator("#film")
    film.press("Space")
    film.evaluate(
        "async (film) => { while (film.currentTime < 0.2) await new Promise(requestAnimationFrame); }"
    )
    film.evaluate("(film) => { film.currentTime = 60; }")
    film.evaluate(
        "async (film) => { while (film.currentTime < 60.2) await new Promise(requestAnimationFrame); }"
    )
    assert film.evaluate("(film) => film.textTracks[0].mode") == "showing"
    assert film.evaluate("(film) => film.textTracks[0].activeCues[0].text") in CAPTIONS


def test_without_scripts_the_pictures_and_the_film_are_there(plain_visitor: Visitor) -> None:
    plain_visitor.open(HELP)
    assert plain_visitor.page.locator("img.shot").count() == 4
    plain_visitor.page.get_by_role("link", name="Zobacz film").click()
    expect(plain_visitor.page.locator("video[controls]")).to_be_visible()
