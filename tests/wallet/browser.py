"""A holder at a browser without scripts: opens the wallet's pages and sends the forms that stand there."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.test import TestResponse

from portal.issuer.interface import Offer
from tests.support.html import Page
from tests.support.pages import CheckedClient, csrf_of, hidden_fields, make_client

PIN = "2580"
WRONG = "1111"
WALLET = "/portfel"
HOST = "legitymacja.example.org"
COOKIE = "__Host-kieszonka"


@dataclass
class Browser:
    client: CheckedClient
    address: str = "192.0.2.44"

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, environ_base={"REMOTE_ADDR": self.address})

    def post(self, path: str, **fields: object) -> TestResponse:
        """With a token from a page that everybody has."""
        token = csrf_of(self.client.get("/pomoc/mlegitymacja").text)
        data = {"csrf_token": token, **fields}
        return self.client.post(path, data=data, environ_base={"REMOTE_ADDR": self.address})

    def send(self, page: TestResponse, action: str, **fields: object) -> TestResponse:
        """The form with this action on a page that was got before, filled in."""
        hidden = hidden_fields(page.text, action)
        assert hidden, f"no form for {action} on {page.request.path}"
        return self.client.post(action, data={**hidden, **fields}, environ_base={"REMOTE_ADDR": self.address})

    def follow(self, answer: TestResponse) -> TestResponse:
        while answer.status_code == 303:
            answer = self.get(answer.location)
        return answer

    def another_tab(self) -> Browser:
        """The same cookies, in a client that can ask while this one waits."""
        tab = make_client(self.client.application, self.client.checker)
        for name in (COOKIE, "__Host-session"):
            cookie = self.client.get_cookie(name, domain=HOST)
            if cookie is not None:
                tab.set_cookie(name, cookie.value, domain=HOST, secure=True, path="/")
        return Browser(tab, self.address)

    @property
    def secret(self) -> str:
        """What the wallet's cookie holds; empty: there is none."""
        cookie = self.client.get_cookie(COOKIE, domain=HOST)
        return cookie.value if cookie else ""

    @secret.setter
    def secret(self, value: str) -> None:
        self.client.set_cookie(COOKIE, value, domain=HOST, secure=True, path="/")

    def set_up(self, pin: str = PIN) -> TestResponse:
        return self.send(self.get(WALLET), "/portfel/zaloz", pin=pin, repeated=pin)

    def unlock(self, pin: str = PIN) -> TestResponse:
        return self.send(self.get(WALLET), "/portfel/odblokuj", pin=pin)

    def lock(self) -> TestResponse:
        return self.post("/portfel/zablokuj")

    def accept_terms(self) -> TestResponse:
        return self.send(self.get("/portfel/dodaj/regulamin"), "/portfel/dodaj/regulamin", accepted="y")

    def scan(self, text: str) -> TestResponse:
        return self.send(self.get("/portfel/kod"), "/portfel/kod?sposob=tekst", text=text)

    def activate(self, code: str) -> TestResponse:
        return self.send(self.get("/portfel/oferta"), "/portfel/oferta", code=code)

    def add(self, offer: Offer) -> str:
        """The whole way from the scanned code; the address of the card's page."""
        assert self.scan(offer.uri).location == "/portfel/oferta"
        added = self.activate(offer.activation_code)
        assert added.status_code == 303, added.text
        return str(added.location)


def words_of(answer: TestResponse) -> str:
    """What stands on the page, as one line."""
    return Page(answer.text).one("main").text


def alerts_of(answer: TestResponse) -> str:
    return " ".join(alert.text for alert in Page(answer.text).all("div", role="alert"))
