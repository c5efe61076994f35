"""A student's tab at a real server: hands back what was answered, whatever it was, for tests of faults."""

from __future__ import annotations

import re

import requests

from tests.support.html import Element, Page
from tests.support.pages import csrf_of
from tests.support.server import Server

PAGE = "/dla-studentow/mlegitymacja"


class Tab:
    """Logged in from its start; its forms' token stays good as long as the session."""

    def __init__(self, server: Server, login: str) -> None:
        self.url, self.login, self.session = server.url, login, requests.Session()
        self.session.headers["Accept-Language"] = "pl"
        self._token = csrf_of(self.get("/logowanie").text)
        answer = self.post("/logowanie", login=login, password="student")
        assert answer.status_code == 303, answer.text
        self._token = csrf_of(self.get(PAGE).text)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.url + path, headers=headers, timeout=30)

    def post(self, path: str, **form: str) -> requests.Response:
        return self.session.post(
            self.url + path,
            data={"csrf_token": self._token, **form},
            headers={"Referer": self.url + path},
            allow_redirects=False,
            timeout=30,
        )

    def order(self) -> requests.Response:
        return self.post(f"{PAGE}/zamow")

    def press(self, what: str) -> requests.Response | None:
        """A button of the latest order, by the last part of its address; None where the page has no such."""
        found = re.search(rf"{PAGE}/{what}/[0-9a-f]{{32}}", self.get(PAGE).text)
        return None if found is None else self.post(found[0])

    def poll(self) -> requests.Response:
        """What the open page asks; only a page that watches its order has an address to ask."""
        address = Page(self.get(PAGE).text).one("section", id="order")["data-hx-get"]
        return self.get(address, **{"HX-Request": "true"})

    @property
    def status(self) -> str:
        """What the order page says."""
        return status_on(self.get(PAGE).text)

    def codes(self) -> tuple[str, str] | None:
        """The QR's text and the activation code, while the page has them."""
        answer = self.get(f"{PAGE}/kody")
        page = Page(answer.text)
        if not page.all(id="qr-text"):
            return None
        code = next(e for e in page.all("span", aria_hidden="true") if _in_code(e))
        return page.one(id="qr-text").text, code.text.replace(" ", "")


def status_on(html: str) -> str:
    """The code of the order's status that a page shows; empty where it shows none."""
    found = re.search(r'class="status status--([a-z_]+)"', html)
    return "" if found is None else found[1]


def _in_code(element: Element) -> bool:
    return element.inside("p") and any(ancestor["id"] == "activation-code" for ancestor in element.ancestors)
