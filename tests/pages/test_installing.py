"""The manifest, the service worker and the page for when there is no network, as a browser fetches them."""

from __future__ import annotations

import io
import json
import re

import pytest
from flask import Flask
from PIL import Image

from tests.support.html import Page
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient
from tests.support.people import make_student


@pytest.fixture
def manifest(client: CheckedClient) -> dict[str, object]:
    link = Page(client.get("/").text).one("link", rel="manifest")
    answer = client.get(link["href"])
    assert (answer.status_code, answer.mimetype) == (200, "application/manifest+json")
    return dict(json.loads(answer.data))


def test_the_manifest_names_the_university_and_opens_the_students_pages(manifest: dict[str, object]) -> None:
    assert manifest["name"] == "mLegitymacja – Politechnika Próbna"
    assert manifest["short_name"] == "mLegitymacja PPr"
    assert (manifest["start_url"], manifest["scope"]) == ("/dla-studentow", "/")
    assert (manifest["display"], manifest["lang"]) == ("standalone", "pl")


def test_the_icons_have_the_size_that_the_manifest_says(
    client: CheckedClient, manifest: dict[str, object]
) -> None:
    icons: list[dict[str, str]] = manifest["icons"]  # type: ignore[assignment]
    for icon in icons:
        width, height = Image.open(io.BytesIO(client.get(icon["src"]).data)).size
        assert icon["sizes"] == f"{width}x{height}"
    assert [icon["purpose"] for icon in icons] == ["any", "any", "maskable"]


def test_a_masked_icon_has_no_empty_corner(client: CheckedClient, manifest: dict[str, object]) -> None:
    masked = manifest["icons"][-1]["src"]  # type: ignore[index]
    touched = Page(client.get("/").text).one("link", rel="apple-touch-icon")["href"]
    for path in (masked, touched):
        drawn = Image.open(io.BytesIO(client.get(path).data)).convert("RGBA")
        assert drawn.getpixel((0, 0)) == (20, 48, 79, 255)


def test_the_worker_is_asked_for_anew_each_time_and_answers_for_the_whole_portal(
    client: CheckedClient,
) -> None:
    answer = client.get("/sw.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


def test_the_worker_keeps_files_that_are_there_and_nothing_else(client: CheckedClient) -> None:
    script = client.get("/sw.js").text
    files = json.loads(re.findall(r"FILES = (\[.*?\]);", script)[0])
    assert all(path.startswith("/zasoby/") for path in files)
    assert [path for path in files if client.get(path).status_code != 200] == []
    loaded = Page(client.get("/").text)
    assert {e["href"] or e["src"] for e in loaded.all("link", "script") if e["integrity"]} <= set(files)


def test_the_page_without_a_network_is_the_same_for_everybody(
    app: Flask, client: CheckedClient, second_client: CheckedClient
) -> None:
    make_account(app, make_student(app))
    log_in(client)
    mine, anybodys = client.get("/offline"), second_client.get("/offline", headers={"Accept-Language": "en"})
    assert mine.data == anybodys.data
    assert "Set-Cookie" not in anybodys.headers


def test_the_page_without_a_network_speaks_both_languages(client: CheckedClient) -> None:
    page = Page(client.get("/offline").text)
    assert page.one("h1").text == "Brak połączenia"
    assert page.one("h2").text == "No connection"
    assert page.one("h2").language == "en"
