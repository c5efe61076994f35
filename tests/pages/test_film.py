"""The film is sent in the parts that a player asks for (RFC 9110, section 14), once it is started."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.assets import STATIC
from tests.pages.test_assets import url_of
from tests.support.html import Page
from tests.support.pages import CheckedClient

PAGE = "/pomoc/mlegitymacja/film"
BODY = (STATIC / "help" / "film.mp4").read_bytes()
END = len(BODY) - 1


@pytest.fixture
def url(app: Flask) -> str:
    return url_of(app, "help/film.mp4")


def test_a_whole_film_says_that_parts_of_it_can_be_had(client: CheckedClient, url: str) -> None:
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.data, answer.mimetype) == (200, BODY, "video/mp4")
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-1", 0, 1),
        ("bytes=1000-1999", 1000, 1999),
        ("bytes=1000-", 1000, END),
        ("bytes=-500", END - 499, END),
        (f"bytes=1000-{END + 5}", 1000, END),
    ],
)
def test_a_part_of_the_film_is_sent_alone(
    client: CheckedClient, url: str, asked: str, first: int, last: int
) -> None:
    answer = client.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (206, BODY[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert answer.content_length == last - first + 1
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_part_behind_the_end_is_refused(client: CheckedClient, url: str) -> None:
    answer = client.get(url, headers={"Range": f"bytes={END + 1}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(BODY)}"


def test_whoever_has_the_film_is_not_sent_it_again(client: CheckedClient, url: str) -> None:
    tag = client.head(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_part_of_another_film_is_answered_with_the_whole(client: CheckedClient, url: str) -> None:
    answer = client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (answer.status_code, answer.data) == (200, BODY)


@pytest.mark.parametrize("asked", ["bytes=0-9,20-29", "seconds=0-9", "bytes=9-0", "nonsense"])
def test_parts_that_are_not_sent_alone_are_answered_with_the_whole(
    client: CheckedClient, url: str, asked: str
) -> None:
    answer = client.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (200, BODY)


def test_head_tells_of_the_whole_film_whatever_part_is_named(client: CheckedClient, url: str) -> None:
    answer = client.head(url, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.content_length) == (200, len(BODY))
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("language", ["pl", "en"])
def test_nothing_of_the_film_is_fetched_before_it_is_started(client: CheckedClient, language: str) -> None:
    film = Page(client.get(PAGE, headers={"Accept-Language": language}).text).one("video")
    assert film["preload"] == "none"
    assert "autoplay" not in film
    assert "controls" in film


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_captions_come_in_the_language_of_the_page(client: CheckedClient, language: str) -> None:
    page = Page(client.get(PAGE, headers={"Accept-Language": language}).text)
    tracks = page.all("track", kind="captions")
    assert [track["srclang"] for track in tracks] == ["pl", "en"]
    assert [track["srclang"] for track in tracks if "default" in track] == [language]


def test_the_help_leads_to_the_film_and_the_film_to_its_text(client: CheckedClient) -> None:
    assert Page(client.get("/pomoc/mlegitymacja").text).one("a", href=PAGE)
    page = Page(client.get(PAGE).text)
    assert page.one("a", href="#tekst")
    assert page.one(id="tekst").text == "Wersja tekstowa"
