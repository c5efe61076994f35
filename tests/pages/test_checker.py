"""The checker of pages must itself find what is wrong."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.pages import CheckedClient

PAGE = '<!doctype html><html lang="pl"><head><title>Tytuł</title></head><body><main>{}</main></body></html>'

WRONG = {
    "<h1>a</h1><h1>b</h1>": "2 h1",
    "<p>a</p>": "0 h1",
    "<h1>a</h1><h3>b</h3>": "headings out of order",
    '<h1 id="x">a</h1><p id="x">b</p>': "id 'x' twice",
    '<h1>a</h1><form><input name="q"></form>': "input 'q' has no label",
    '<h1>a</h1><form method="post"><button>b</button></form>': "has no CSRF token",
    '<h1 style="color:red">a</h1>': "h1 has style",
    '<h1>a</h1><p><a href="/" onclick="b()">c</a></p>': "a has onclick",
    "<h1>a</h1><script>b()</script>": "inline script",
    '<h1>a</h1><img alt="" src="https://elsewhere.example/x.png">': "img loads https://elsewhere.example",
    '<h1>a</h1><p aria-describedby="nothing">b</p>': "points nowhere",
    '<h1>a</h1><p><a href="/"></a></p>': "a without words",
    "<h1>a</h1><p>{{ name }}</p>": "unrendered",
    "<h1>a</h1><p>Main menu</p>": "in the wrong language: Main menu",
    "<h1>a</h1><p>b<p></p></div>": "Stray end tag",
}


@pytest.mark.parametrize(("body", "said"), WRONG.items())
def test_a_wrong_page_does_not_pass(app: Flask, client: CheckedClient, body: str, said: str) -> None:
    app.add_url_rule("/wrong", view_func=lambda: PAGE.replace("{}", body))
    with pytest.raises(AssertionError, match=said):
        client.get("/wrong")


def test_a_right_page_passes(app: Flask, client: CheckedClient) -> None:
    app.add_url_rule("/right", view_func=lambda: PAGE.replace("{}", "<h1>a</h1>"))
    assert client.get("/right").status_code == 200


def test_a_fragment_passes_only_where_htmx_asks(app: Flask, client: CheckedClient) -> None:
    app.add_url_rule("/part", view_func=lambda: "<title>Nowy tytuł</title><p>a</p>")
    assert client.get("/part", headers={"HX-Request": "true"}).status_code == 200
    with pytest.raises(AssertionError, match="not a whole page"):
        client.get("/part")
