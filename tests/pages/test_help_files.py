"""What `make film` made, and what the help names: nothing is missing, left over, too large or stale."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from flask import Flask
from flask_babel import force_locale
from PIL import Image

from portal.assets import STATIC, asset_url, own_names
from portal.pages import films
from tests.support.html import Element, Page
from tests.support.pages import CheckedClient

HELP = "/pomoc/mlegitymacja"
LANGUAGES = ("pl", "en")
ALL_TOGETHER = 3_000_000
PICTURES_OF_A_PAGE = 300_000
ONE_LINE = 60
FILES = [name for name in own_names() if name.startswith("help/")]


def page(client: CheckedClient, path: str, language: str) -> Page:
    return Page(client.get(path, headers={"Accept-Language": language}).text)


def pictures(client: CheckedClient, language: str) -> list[Element]:
    return [image for image in page(client, HELP, language).all("img") if image.inside("main")]


def named(client: CheckedClient) -> set[str]:
    """Every address that pages of the help load something from."""
    pages = [page(client, path, language) for path in (HELP, f"{HELP}/film") for language in LANGUAGES]
    elements = [e for shown in pages for e in shown.all("img", "source", "track", "video")]
    return {address for e in elements for address in (e["src"], e["poster"]) if address}


def test_the_help_names_every_file_there_is_and_no_other(app: Flask, client: CheckedClient) -> None:
    loaded = named(client)
    with app.test_request_context():
        assert loaded == {asset_url(name) for name in FILES}


def test_all_files_together_are_small() -> None:
    assert sum((STATIC / name).stat().st_size for name in FILES) < ALL_TOGETHER


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_wait_until_they_are_looked_at_and_are_small(client: CheckedClient, language: str) -> None:
    shown = pictures(client, language)
    assert {image["loading"] for image in shown} == {"lazy"}
    assert sum(len(client.get(image["src"]).data) for image in shown) < PICTURES_OF_A_PAGE


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_has_its_place_before_it_is_there(client: CheckedClient, language: str) -> None:
    for image in pictures(client, language):
        picture = Image.open(BytesIO(client.get(image["src"]).data))
        shape = picture.width / picture.height
        assert int(image["width"]) / int(image["height"]) == pytest.approx(shape, rel=0.01)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_of_the_instruction_stands_in_a_sentence_and_in_a_pictures_words(
    client: CheckedClient, language: str
) -> None:
    shown = page(client, HELP, language)
    words = " ".join(image["alt"] for image in shown.all("img"))
    portal = shown.one("section", aria_labelledby="portal").text
    for number in "12345":
        assert f"({number})" in portal
        assert number in words


def cues(language: str) -> list[tuple[float, float, str]]:
    text = (STATIC / "help" / f"film.{language}.vtt").read_text(encoding="utf-8")
    found = re.findall(r"(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d\.\d{3})\n(.+)\n", text)
    return [(int(m) * 60 + float(s), int(n) * 60 + float(t), words) for m, s, n, t, words in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_captions_say_what_the_catalogue_says(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        assert [words for _begin, _end, words in cues(language)] == [str(s.caption) for s in films.SCENES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_captions_can_be_read(language: str) -> None:
    before = 0.0
    for begin, end, words in cues(language):
        assert before <= begin < end <= films.length() + 1
        assert end - begin > 1.5, words
        assert len(words) <= ONE_LINE, words
        before = end


def test_the_film_plays_every_scene() -> None:
    made = json.loads(films.SCENES_FILE.read_text(encoding="utf-8"))
    assert [scene["name"] for scene in made["scenes"]] == [scene.name for scene in films.SCENES]
