"""The wallet as an app: what a phone needs to install it, and how little a first view weighs."""

from __future__ import annotations

import gzip
import io

import pytest
from PIL import Image

from tests.pages.test_weight import FIRST_FLIGHT, GZIP
from tests.support.html import Page
from tests.support.pages import CheckedClient
from tests.wallet.browser import Browser, alerts_of

MANIFEST = "/portfel/manifest.webmanifest"
BY_PICTURE = "/portfel/kod?sposob=zdjecie"


def weight(client: CheckedClient, path: str) -> int:
    """Bytes of the page and what it loads, as sent; the holder's photo is no part of the app."""
    answer = client.get(path, headers=GZIP)
    page = Page(gzip.decompress(answer.data).decode())
    loaded = [e["src"] or e["href"] for e in page.all("link", "script") if e["src"] or e["href"]]
    return len(answer.data) + sum(len(client.get(url, headers=GZIP).data) for url in loaded)


@pytest.mark.parametrize("path", ["/portfel", "/portfel/dodaj", "/portfel/kod"])
def test_a_page_fits_the_first_flight(browser: Browser, path: str) -> None:
    assert weight(browser.client, path) <= FIRST_FLIGHT


def test_the_first_page_of_all_fits_the_first_flight(fresh: Browser) -> None:
    assert weight(fresh.client, "/portfel") <= FIRST_FLIGHT


def test_the_card_fits_the_first_flight(browser: Browser, card: str) -> None:
    assert weight(browser.client, card) <= FIRST_FLIGHT


def test_every_page_leads_to_the_manifest(fresh: Browser) -> None:
    links = Page(fresh.get("/portfel").text).all("link", rel="manifest")
    assert [link["href"] for link in links] == [MANIFEST]


def test_the_manifest_says_what_is_installed(client: CheckedClient) -> None:
    answer = client.get(MANIFEST, headers={"Accept-Language": "en"})
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = answer.get_json(force=True)
    assert (manifest["short_name"], manifest["lang"]) == ("Kieszonka", "pl")
    assert manifest["start_url"] == manifest["scope"] == manifest["id"] == "/portfel"
    assert manifest["display"] == "standalone"
    assert manifest["description"].startswith("Aplikacja zastępcza")


def test_the_icons_are_there_in_the_sizes_that_the_manifest_says(client: CheckedClient) -> None:
    icons = client.get(MANIFEST).get_json(force=True)["icons"]
    assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    for icon in icons:
        picture = Image.open(io.BytesIO(client.get(icon["src"]).data))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]


def test_the_maskable_icon_has_no_hole(client: CheckedClient) -> None:
    icons = client.get(MANIFEST).get_json(force=True)["icons"]
    maskable = next(icon["src"] for icon in icons if icon["purpose"] == "maskable")
    picture = Image.open(io.BytesIO(client.get(maskable).data)).convert("RGBA")
    assert picture.getchannel("A").getextrema() == (255, 255)


def test_a_photo_may_be_larger_than_anything_else_that_is_sent(browser: Browser) -> None:
    photo = (io.BytesIO(bytes(400_000)), "photo.jpg")
    answer = browser.send(browser.get(BY_PICTURE), BY_PICTURE, picture=photo)
    assert answer.status_code == 422
    assert "nie można odczytać jako obrazu" in alerts_of(answer)


@pytest.mark.parametrize(("mebibytes", "status"), [(12, 400), (13, 413)])
def test_a_body_of_twelve_mebibytes_is_let_in_and_no_more(
    client: CheckedClient, mebibytes: int, status: int
) -> None:
    """By the length that it claims: the first has no token, the second is turned away before that."""
    length = str(mebibytes * 1024 * 1024)
    assert client.post("/portfel/kod", environ_overrides={"CONTENT_LENGTH": length}).status_code == status
