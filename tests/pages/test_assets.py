"""Static files: hashed names, cached for good, checked by the browser, from nowhere else."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import pytest
from flask import Flask

from portal.assets import asset_integrity, asset_url, own_names
from portal.settings import ROOT
from tests.support.html import Page
from tests.support.pages import CheckedClient

NAMES = [*own_names(), "htmx.min.js"]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def url_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return asset_url(name)


def test_an_asset_is_cached_for_good(app: Flask, client: CheckedClient, name: str) -> None:
    answer = client.get(url_of(app, name))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.vary


def test_the_name_changes_with_the_content(app: Flask, client: CheckedClient, name: str) -> None:
    url = url_of(app, name)
    assert hashlib.sha256(client.get(url).data).hexdigest()[:16] in url


def test_the_integrity_attribute_fits_the_content(app: Flask, client: CheckedClient, name: str) -> None:
    digest = hashlib.sha384(client.get(url_of(app, name)).data).digest()
    with app.app_context():
        assert asset_integrity(name) == "sha384-" + base64.b64encode(digest).decode()


def test_the_content_comes_gzipped_to_whoever_takes_it(app: Flask, client: CheckedClient) -> None:
    url = url_of(app, "app.css")
    plain, packed = client.get(url), client.get(url, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in plain.vary
    assert "Content-Encoding" not in client.get(url, headers={"Accept-Encoding": "gzip;q=0"}).headers


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.css", "text/css; charset=utf-8"),
        ("favicon.svg", "image/svg+xml; charset=utf-8"),
        ("htmx.min.js", "text/javascript; charset=utf-8"),
    ],
)
def test_the_content_type_is_told(app: Flask, client: CheckedClient, name: str, expected: str) -> None:
    assert client.head(url_of(app, name)).headers["Content-Type"] == expected


@pytest.mark.parametrize("path", ["app.0123456789abcdef.css", "app.css", "nothing.js", "..%2Fapp.css"])
def test_an_old_hash_or_unknown_name_is_not_found(client: CheckedClient, path: str) -> None:
    answer = client.get(f"/zasoby/{path}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_htmx_is_of_the_2_0_line(app: Flask, client: CheckedClient) -> None:
    assert re.search(r'version:"2\.0\.\d+"', client.get(url_of(app, "htmx.min.js")).text)


def test_a_browser_that_asks_for_the_favicon_by_itself_gets_it(client: CheckedClient) -> None:
    answer = client.get("/favicon.ico", follow_redirects=True)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")


@pytest.mark.parametrize("kind", ["css", "svg", "js"])
def test_our_files_load_nothing_from_anywhere(kind: str) -> None:
    for path in (ROOT / "static").glob(f"*.{kind}"):
        source = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"@import|url\(|https?:|//[a-z]+\.", source), path.name


def test_only_pages_that_poll_load_htmx(client: CheckedClient) -> None:
    loaded = [script["src"] for script in Page(client.get("/").text).all("script")]
    assert [path.split(".")[0] for path in loaded] == ["/zasoby/app"]
